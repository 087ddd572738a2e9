import { LightningElement, api, wire } from 'lwc';
import { refreshApex } from '@salesforce/apex';
import { ShowToastEvent } from 'lightning/platformShowToastEvent';
import { notifyRecordUpdateAvailable } from 'lightning/uiRecordApi';
import getCard from '@salesforce/apex/InsightCardController.getCard';
import refresh from '@salesforce/apex/InsightCardController.refresh';

// Marketo's interesting moments are one of these three; an admin can add types, which get the common icon.
const ICON_BY_TYPE = { email: 'utility:email', web: 'utility:world', milestone: 'utility:lower_flag' };
const OTHER_ICON = 'utility:event';

const SCORES = ['engagement', 'urgency', 'relativeScore'];

/**
 * What Marketo knows of a Lead or Contact. The server decides whether a refresh is due; the button only shows it.
 */
export default class InsightCard extends LightningElement {
    card;
    errorMessage;
    announcement;
    isRefreshing = false;
    isCoolingDown = false;
    wiredCard;
    coolDownTimer;
    shownId;

    @api
    get recordId() {
        return this.shownId;
    }

    // A page may go on to another record and keep the card: nothing of the former one may stay on it.
    set recordId(recordId) {
        if (recordId === this.shownId) {
            return;
        }
        this.shownId = recordId;
        this.card = undefined;
        this.errorMessage = undefined;
        this.announcement = undefined;
        this.isRefreshing = false;
        this.coolDown(0);
    }

    @wire(getCard, { recordId: '$recordId' })
    receiveCard(result) {
        this.wiredCard = result;
        if (result.data) {
            this.card = result.data;
            this.errorMessage = undefined;
        } else if (result.error) {
            this.card = undefined;
            this.errorMessage = messageOf(result.error);
        }
    }

    disconnectedCallback() {
        clearTimeout(this.coolDownTimer);
    }

    async handleRefresh() {
        const { recordId } = this;
        const isShown = () => recordId === this.recordId;
        this.isRefreshing = true;
        this.announcement = 'Asking Marketo for the latest values';
        try {
            const card = await refresh({ recordId });
            if (isShown()) {
                await this.show(card);
            }
        } catch (error) {
            if (isShown()) {
                this.tell('Marketo values were not refreshed', messageOf(error), 'error');
            }
        } finally {
            if (isShown()) {
                this.isRefreshing = false;
            }
        }
    }

    async show(card) {
        this.card = card;
        this.coolDown(card.secondsToWait);
        if (card.problem) {
            this.tell('Marketo values were not refreshed', card.problem, 'warning');
            return;
        }
        this.tell('Marketo values refreshed', '', 'success');
        await notifyRecordUpdateAvailable([{ recordId: this.recordId }]);
        await refreshApex(this.wiredCard);
    }

    coolDown(seconds) {
        this.isCoolingDown = seconds > 0;
        clearTimeout(this.coolDownTimer);
        if (this.isCoolingDown) {
            this.coolDownTimer = setTimeout(() => {
                this.isCoolingDown = false;
            }, seconds * 1000);
        }
    }

    tell(title, message, variant) {
        this.announcement = message ? `${title}. ${message}` : title;
        this.dispatchEvent(new ShowToastEvent({ title, message, variant }));
    }

    get isLoading() {
        return this.isRefreshing || (!this.card && !this.errorMessage);
    }

    get cannotRefresh() {
        return this.isLoading || this.isCoolingDown || Boolean(this.errorMessage);
    }

    get refreshLabel() {
        return this.isRefreshing ? 'Refreshing…' : 'Refresh now';
    }

    get problem() {
        return this.card?.problem;
    }

    get hasMoment() {
        return Boolean(this.card.momentType || this.card.momentDescription || this.card.momentDate);
    }

    get hasScores() {
        return SCORES.some((score) => this.card[score] !== undefined && this.card[score] !== null);
    }

    get isEmpty() {
        return !this.hasMoment && !this.hasScores && !this.problem;
    }

    get engagement() {
        return this.card.engagement ?? '–';
    }

    get momentIcon() {
        return ICON_BY_TYPE[this.card.momentType?.toLowerCase()] ?? OTHER_ICON;
    }

    get momentIconText() {
        return this.card.momentType ?? 'Interesting moment';
    }

    get momentDescription() {
        return this.card.momentDescription ?? 'No description';
    }

    // A relative time is shown for a number or a Date only, and Apex answers with text.
    get momentTime() {
        return Date.parse(this.card.momentDate);
    }

    get asOfTime() {
        return Date.parse(this.card.asOf);
    }

    get momentKind() {
        const { momentType, momentSource } = this.card;
        const type = momentType ?? 'Interesting moment';
        return momentSource && momentSource !== momentType ? `${type}, from ${momentSource}` : type;
    }
}

function messageOf(error) {
    return error?.body?.message ?? error?.message ?? 'Something went wrong. Reload the page and try again.';
}
