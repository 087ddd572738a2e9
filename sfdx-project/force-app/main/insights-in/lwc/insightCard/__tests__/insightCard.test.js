import { createElement } from 'lwc';
import InsightCard from 'c/insightCard';
import { notifyRecordUpdateAvailable } from 'lightning/uiRecordApi';
import getCard from '@salesforce/apex/InsightCardController.getCard';
import refresh from '@salesforce/apex/InsightCardController.refresh';
import card from './data/card.json';

jest.mock(
    '@salesforce/apex/InsightCardController.getCard',
    () => {
        const { createApexTestWireAdapter } = require('@salesforce/sfdx-lwc-jest');
        return { default: createApexTestWireAdapter(jest.fn()) };
    },
    { virtual: true }
);
jest.mock('@salesforce/apex/InsightCardController.refresh', () => ({ default: jest.fn() }), {
    virtual: true
});

const NOTHING = { secondsToWait: 0 };

// Lets every promise that is ready run: answers, then what the component does with them, then rendering.
async function settled(turns = 20) {
    await Promise.resolve();
    return turns === 0 ? undefined : settled(turns - 1);
}

function render() {
    const element = createElement('c-insight-card', { is: InsightCard });
    element.recordId = '00Q5e000001AbCdEAV';
    element.toasts = [];
    element.addEventListener('lightning__showtoast', (event) => element.toasts.push(event.detail));
    document.body.appendChild(element);
    return element;
}

async function renderWith(data) {
    const element = render();
    getCard.emit(data);
    await settled();
    return element;
}

const find = (element, selector) => element.shadowRoot.querySelector(selector);
const button = (element) => find(element, 'lightning-button');

async function press(element) {
    button(element).click();
    await settled();
}

afterEach(() => {
    document.body.replaceChildren();
    jest.clearAllMocks();
    jest.useRealTimers();
});

describe('insightCard', () => {
    it('shows a spinner until the values are there', async () => {
        const element = render();
        expect(find(element, 'lightning-spinner').alternativeText).toBe('Loading Marketo values');
        expect(button(element).disabled).toBe(true);
        await expect(element).toBeAccessible();
        getCard.emit(card);
        await settled();
        expect(find(element, 'lightning-spinner')).toBeNull();
        expect(getCard.getLastConfig()).toEqual({ recordId: '00Q5e000001AbCdEAV' });
    });

    it('shows the last interesting moment, the scores and the age of the data', async () => {
        const element = await renderWith(card);
        expect(find(element, 'lightning-icon').iconName).toBe('utility:world');
        expect(find(element, 'lightning-icon').alternativeText).toBe('Web');
        expect(find(element, '.moment-description').textContent).toBe(card.momentDescription);
        expect(find(element, '.moment-kind').textContent).toBe('Web, from Smart campaign');
        expect(find(element, 'lightning-relative-date-time').value).toBe(Date.parse(card.momentDate));
        expect(find(element, '.engagement').textContent).toBe('3');
        const [urgency, score] = element.shadowRoot.querySelectorAll('c-insight-rating');
        expect([urgency.kind, urgency.value]).toEqual(['flame', 2]);
        expect([score.kind, score.value]).toEqual(['star', 1]);
        expect(find(element, '.age lightning-relative-date-time').value).toBe(Date.parse(card.asOf));
        expect(find(element, '.empty')).toBeNull();
        await expect(element).toBeAccessible();
    });

    it.each([
        ['Email', 'utility:email'],
        ['milestone', 'utility:lower_flag'],
        ['Phone call', 'utility:event']
    ])('gives the type %s its icon', async (momentType, icon) => {
        const element = await renderWith({ ...card, momentType, momentSource: momentType });
        expect(find(element, 'lightning-icon').iconName).toBe(icon);
        expect(find(element, '.moment-kind').textContent).toBe(momentType);
    });

    it('copes with a moment of which only the date is known', async () => {
        const element = await renderWith({ ...NOTHING, momentDate: card.momentDate });
        expect(find(element, '.moment-description').textContent).toBe('No description');
        expect(find(element, '.moment-kind').textContent).toBe('Interesting moment');
        expect(find(element, 'lightning-icon').alternativeText).toBe('Interesting moment');
    });

    it('shows scores without a moment, and 0 as a score', async () => {
        const element = await renderWith({ ...NOTHING, urgency: 0 });
        expect(find(element, '.moment')).toBeNull();
        expect(find(element, '.engagement').textContent).toBe('–');
        expect(find(element, '.empty')).toBeNull();
    });

    it('says so when Marketo has nothing', async () => {
        const element = await renderWith(NOTHING);
        expect(find(element, '.empty').textContent).toContain('has not seen this person');
        expect(find(element, '.age').textContent).toContain('Not refreshed yet');
        expect(button(element).disabled).toBe(false);
        await expect(element).toBeAccessible();
    });

    it('shows why there is nothing instead of the empty state', async () => {
        const element = await renderWith({ ...NOTHING, problem: 'You do not have access to the fields.' });
        expect(find(element, '.problem').textContent).toBe('You do not have access to the fields.');
        expect(find(element, '.empty')).toBeNull();
        await expect(element).toBeAccessible();
    });

    it('shows an error and offers no refresh', async () => {
        const element = render();
        getCard.error({ message: 'You do not have access to this record.' });
        await settled();
        expect(find(element, '[role="alert"]').textContent).toBe('You do not have access to this record.');
        expect(find(element, 'lightning-spinner')).toBeNull();
        expect(button(element).disabled).toBe(true);
        await expect(element).toBeAccessible();
    });

    it('refreshes: shows progress, new values and a toast, and tells the page', async () => {
        const element = await renderWith(card);
        let answer;
        refresh.mockReturnValue(
            new Promise((resolve) => {
                answer = resolve;
            })
        );
        await press(element);
        expect(refresh).toHaveBeenCalledWith({ recordId: '00Q5e000001AbCdEAV' });
        expect(button(element).label).toBe('Refreshing…');
        expect(button(element).disabled).toBe(true);
        expect(find(element, 'lightning-spinner')).not.toBeNull();
        expect(find(element, '[aria-live]').textContent).toBe('Asking Marketo for the latest values');
        await expect(element).toBeAccessible();
        answer({ ...card, urgency: 3, secondsToWait: 60 });
        await settled();
        expect(find(element, 'c-insight-rating').value).toBe(3);
        expect(element.toasts).toEqual([expect.objectContaining({ variant: 'success' })]);
        expect(find(element, '[aria-live]').textContent).toBe('Marketo values refreshed');
        expect(notifyRecordUpdateAvailable).toHaveBeenCalledWith([{ recordId: '00Q5e000001AbCdEAV' }]);
    });

    it('holds the button back while the record cools down', async () => {
        const element = await renderWith(card);
        jest.useFakeTimers();
        refresh.mockResolvedValue({ ...card, secondsToWait: 60 });
        await press(element);
        expect(button(element).disabled).toBe(true);
        jest.advanceTimersByTime(59999);
        await settled();
        expect(button(element).disabled).toBe(true);
        jest.advanceTimersByTime(1);
        await settled();
        expect(button(element).disabled).toBe(false);
    });

    it('leaves no timer behind', async () => {
        const element = await renderWith(card);
        jest.useFakeTimers();
        refresh.mockResolvedValue({ ...card, secondsToWait: 60 });
        await press(element);
        expect(jest.getTimerCount()).toBe(1);
        element.remove();
        expect(jest.getTimerCount()).toBe(0);
    });

    it('shows nothing of a record that the page has left', async () => {
        const element = await renderWith(card);
        let answer;
        refresh.mockReturnValue(
            new Promise((resolve) => {
                answer = resolve;
            })
        );
        await press(element);
        element.recordId = '0035e000001AbCfEAV';
        await settled();
        expect(find(element, '.moment')).toBeNull();
        expect(find(element, 'lightning-spinner')).not.toBeNull();
        getCard.emit({ ...NOTHING, urgency: 1 });
        answer({ ...card, secondsToWait: 60 });
        await settled();
        expect(find(element, '.moment')).toBeNull();
        expect(find(element, 'c-insight-rating').value).toBe(1);
        expect(button(element).disabled).toBe(false);
        expect(element.toasts).toEqual([]);
    });

    it('lets each record cool down by itself', async () => {
        const element = await renderWith(card);
        refresh.mockResolvedValue({ ...card, secondsToWait: 60 });
        await press(element);
        expect(button(element).disabled).toBe(true);
        element.recordId = '0035e000001AbCfEAV';
        getCard.emit(card);
        await settled();
        expect(button(element).disabled).toBe(false);
    });

    it('says why a refresh brought nothing', async () => {
        const element = await renderWith(card);
        refresh.mockResolvedValue({
            ...card,
            problem: 'Marketo has no values for this record: not in Marketo.'
        });
        await press(element);
        expect(element.toasts).toEqual([
            expect.objectContaining({
                variant: 'warning',
                message: 'Marketo has no values for this record: not in Marketo.'
            })
        ]);
        expect(find(element, '.problem').textContent).toContain('not in Marketo');
        expect(find(element, '.moment')).not.toBeNull();
        expect(notifyRecordUpdateAvailable).not.toHaveBeenCalled();
    });

    it.each([
        [{ body: { message: 'No access' } }, 'No access'],
        [new Error('offline'), 'offline'],
        [undefined, 'Something went wrong. Reload the page and try again.']
    ])('tells of a refresh that failed with %p', async (error, message) => {
        const element = await renderWith(card);
        refresh.mockRejectedValue(error);
        await press(element);
        expect(element.toasts).toEqual([expect.objectContaining({ variant: 'error', message })]);
        expect(button(element).disabled).toBe(false);
        expect(find(element, '.moment')).not.toBeNull();
    });
});
