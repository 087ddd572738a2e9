import { createElement } from 'lwc';
import MarketoSync from 'c/marketoSync';
import getStatus from '@salesforce/apex/MarketoSyncController.getStatus';
import start from '@salesforce/apex/MarketoSyncController.start';
import stop from '@salesforce/apex/MarketoSyncController.stop';
import runNow from '@salesforce/apex/MarketoSyncController.runNow';
import status from './data/status.json';

jest.mock('@salesforce/apex/MarketoSyncController.getStatus', () => ({ default: jest.fn() }), {
    virtual: true
});
jest.mock('@salesforce/apex/MarketoSyncController.start', () => ({ default: jest.fn() }), { virtual: true });
jest.mock('@salesforce/apex/MarketoSyncController.stop', () => ({ default: jest.fn() }), { virtual: true });
jest.mock('@salesforce/apex/MarketoSyncController.runNow', () => ({ default: jest.fn() }), { virtual: true });

const NEVER_RUN = {
    isAlive: false,
    rowsRead: 0,
    rowsWritten: 0,
    rowsFailed: 0,
    frequencies: status.frequencies,
    failureCount: 0,
    failures: [],
    unpublishedCount: 0
};

// Lets every promise that is ready run: answers, then what the component does with them, then rendering.
async function settled(turns = 20) {
    await Promise.resolve();
    return turns === 0 ? undefined : settled(turns - 1);
}

async function renderWith(answer) {
    getStatus.mockResolvedValue(answer);
    const element = createElement('c-marketo-sync', { is: MarketoSync });
    element.toasts = [];
    element.addEventListener('lightning__showtoast', (event) => element.toasts.push(event.detail));
    document.body.appendChild(element);
    await settled();
    return element;
}

const find = (element, selector) => element.shadowRoot.querySelector(selector);
const text = (element, selector) => find(element, selector).textContent.trim();

async function press(element, name) {
    find(element, `lightning-button.${name}`).click();
    await settled();
}

afterEach(() => {
    document.body.replaceChildren();
    jest.resetAllMocks();
    jest.useRealTimers();
});

describe('marketoSync', () => {
    it('shows the last run, the next one and what failed', async () => {
        const element = await renderWith(status);
        expect(find(element, '.state').label).toBe('Finished');
        expect(find(element, '.last-run lightning-relative-date-time').value).toBe(
            Date.parse(status.finishedAt)
        );
        expect(text(element, '.written')).toBe('311');
        expect(text(element, '.read')).toBe((1240).toLocaleString());
        expect(text(element, '.failed')).toBe('1');
        expect(find(element, '.next-run lightning-formatted-date-time').value).toBe(status.nextRun);
        expect(find(element, '.as-of lightning-relative-date-time').value).toBe(Date.parse(status.asOf));
        const table = find(element, 'lightning-datatable');
        expect(table.data[0]).toMatchObject({ url: '/00Q5e000001AbCeEAV', attempts: 2 });
        expect(find(element, 'lightning-combobox').value).toBe('every 15 minutes');
        expect(find(element, '.start').label).toBe('Change schedule');
        expect(find(element, 'lightning-spinner')).toBeNull();
        await expect(element).toBeAccessible();
    });

    it('shows that nothing happened yet and offers to start', async () => {
        const element = await renderWith(NEVER_RUN);
        expect(find(element, '.state').label).toBe('Never run');
        expect(text(element, '.next-run')).toBe('Not scheduled');
        expect(text(element, '.as-of')).toBe('–');
        expect(find(element, '.start').label).toBe('Start');
        expect(find(element, '.stop').disabled).toBe(true);
        expect(find(element, 'lightning-combobox').value).toBe('every 15 minutes');
        expect(find(element, 'lightning-datatable')).toBeNull();
        await expect(element).toBeAccessible();
    });

    it('shows the message of a run that failed', async () => {
        const element = await renderWith({
            ...status,
            state: 'Failed',
            message: 'The service does not accept the secret.'
        });
        expect(text(element, '.message')).toBe('The service does not accept the secret.');
        await expect(element).toBeAccessible();
    });

    it.each([
        [1, '1 event of'],
        [2, '2 events of']
    ])('tells of %s events that could not be published', async (unpublishedCount, words) => {
        const element = await renderWith({ ...status, unpublishedCount });
        expect(text(element, '.unpublished')).toContain(words);
    });

    it('says when it shows only the latest failures', async () => {
        const element = await renderWith({ ...status, failureCount: 1234 });
        const cards = element.shadowRoot.querySelectorAll('lightning-card');
        expect(cards[1].title).toBe(`Not written (latest 1 of ${(1234).toLocaleString()})`);
    });

    it('schedules at the chosen frequency', async () => {
        const element = await renderWith(NEVER_RUN);
        start.mockResolvedValue({ ...status, frequency: 'hourly' });
        find(element, 'lightning-combobox').dispatchEvent(
            new CustomEvent('change', { detail: { value: 'hourly' } })
        );
        await press(element, 'start');
        expect(start).toHaveBeenCalledWith({ frequency: 'hourly' });
        expect(element.toasts).toEqual([
            expect.objectContaining({ title: 'Scheduled hourly', variant: 'success' })
        ]);
        expect(find(element, '.start').label).toBe('Change schedule');
    });

    it('stops', async () => {
        const element = await renderWith(status);
        stop.mockResolvedValue({ ...NEVER_RUN, state: 'Stopped' });
        await press(element, 'stop');
        expect(find(element, '.state').label).toBe('Stopped');
        expect(element.toasts[0].title).toBe('Stopped');
    });

    it('runs now and watches the run to its end', async () => {
        const element = await renderWith(status);
        jest.useFakeTimers();
        runNow.mockResolvedValue('The refresh has started.');
        getStatus.mockResolvedValue({ ...status, state: 'Running', isAlive: true, finishedAt: undefined });
        await press(element, 'run-now');
        await settled();
        expect(element.toasts[0].title).toBe('The refresh has started.');
        expect(find(element, '.state').label).toBe('Running');
        expect(find(element, '.run-now').disabled).toBe(true);
        expect(find(element, '.last-run lightning-relative-date-time').value).toBe(
            Date.parse(status.startedAt)
        );
        getStatus.mockResolvedValue(status);
        jest.advanceTimersByTime(5000);
        await settled();
        expect(find(element, '.state').label).toBe('Finished');
        expect(jest.getTimerCount()).toBe(0);
    });

    it('offers to run now in the place of a run whose job is gone', async () => {
        const element = await renderWith({ ...status, state: 'Running', isAlive: false });
        expect(find(element, '.run-now').disabled).toBe(false);
    });

    it('leaves no timer behind', async () => {
        jest.useFakeTimers();
        const element = await renderWith({ ...status, state: 'Running', isAlive: true });
        expect(jest.getTimerCount()).toBe(1);
        element.remove();
        expect(jest.getTimerCount()).toBe(0);
    });

    it('does not look again when the page was left while it asked', async () => {
        jest.useFakeTimers();
        const element = await renderWith({ ...status, state: 'Running', isAlive: true });
        jest.advanceTimersByTime(5000);
        element.remove();
        await settled();
        expect(jest.getTimerCount()).toBe(0);
    });

    it('tells of a run that could not be started', async () => {
        const element = await renderWith(status);
        runNow.mockRejectedValue({ body: { message: 'no rights' } });
        await press(element, 'run-now');
        expect(element.toasts).toEqual([expect.objectContaining({ title: 'no rights', variant: 'error' })]);
    });

    it.each([
        [
            { body: { message: 'You need the permission set Marketo Sync Admin.' } },
            'You need the permission set Marketo Sync Admin.'
        ],
        [new Error('offline'), 'offline'],
        [{}, 'Something went wrong. Reload the page and try again.']
    ])('shows an error that it met: %p', async (error, message) => {
        getStatus.mockReset();
        const element = createElement('c-marketo-sync', { is: MarketoSync });
        getStatus.mockRejectedValue(error);
        document.body.appendChild(element);
        await settled();
        expect(text(element, '[role="alert"]')).toBe(message);
        expect(find(element, '.run-now').disabled).toBe(true);
        await expect(element).toBeAccessible();
    });

    it('keeps the schedule on the screen when stopping fails', async () => {
        const element = await renderWith(status);
        stop.mockRejectedValue({ body: { message: 'Not everything could be stopped.' } });
        await press(element, 'stop');
        expect(text(element, '[role="alert"]')).toBe('Not everything could be stopped.');
        expect(find(element, '.start').label).toBe('Change schedule');
        expect(element.toasts).toEqual([]);
    });
});
