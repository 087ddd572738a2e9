import { createElement } from 'lwc';
import InsightRating from 'c/insightRating';

function render(properties) {
    const element = createElement('c-insight-rating', { is: InsightRating });
    Object.assign(element, properties);
    document.body.appendChild(element);
    return element;
}

function litShapes(element) {
    return element.shadowRoot.querySelectorAll('svg.on').length;
}

afterEach(() => {
    document.body.replaceChildren();
});

describe('insightRating', () => {
    it.each([
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 3],
        [7, 3],
        [-1, 0],
        [null, 0],
        [undefined, 0]
    ])('lights for %s as many shapes as %s', (value, lit) => {
        const element = render({ kind: 'flame', label: 'Urgency', value });
        expect(element.shadowRoot.querySelectorAll('svg')).toHaveLength(3);
        expect(litShapes(element)).toBe(lit);
    });

    it('says in words what it shows', async () => {
        const element = render({ kind: 'star', label: 'Relative score', value: 2 });
        const image = element.shadowRoot.querySelector('[role="img"]');
        expect(image.getAttribute('aria-label')).toBe('Relative score: 2 of 3');
        expect(image.className).toBe('rating stars');
        await expect(element).toBeAccessible();
    });

    it('draws flames and stars differently', () => {
        const flame = render({ kind: 'flame', label: 'Urgency', value: 1 });
        const star = render({ kind: 'star', label: 'Relative score', value: 1 });
        const path = (element) => element.shadowRoot.querySelector('path').getAttribute('d');
        expect(path(flame)).not.toBe(path(star));
    });
});
