import { LightningElement, api } from 'lwc';

const MOST = 3;

/**
 * Marketo ranks urgency and relative score from 0 to 3; the package's own formulas treat blank as 0 and clamp the
 * rest, and so does this.
 */
export default class InsightRating extends LightningElement {
    @api label;
    @api kind;
    @api value;

    get level() {
        return Math.min(Math.max(Math.round(Number(this.value) || 0), 0), MOST);
    }

    get isFlame() {
        return this.kind === 'flame';
    }

    get className() {
        return this.isFlame ? 'rating flames' : 'rating stars';
    }

    get description() {
        return `${this.label}: ${this.level} of ${MOST}`;
    }

    get shapes() {
        return Array.from({ length: MOST }, (_, index) => ({
            key: index,
            className: index < this.level ? 'on' : 'off'
        }));
    }
}
