import { LightningElement } from 'lwc';
import { ShowToastEvent } from 'lightning/platformShowToastEvent';
import getStatus from '@salesforce/apex/MarketoSyncController.getStatus';
import start from '@salesforce/apex/MarketoSyncController.start';
import stop from '@salesforce/apex/MarketoSyncController.stop';
import runNow from '@salesforce/apex/MarketoSyncController.runNow';

// Often enough to watch a run, seldom enough to leave a page open.
const LOOK_AGAIN_MILLISECONDS = 5000;

const USUAL_FREQUENCY = 'every 15 minutes';

const COLUMNS = [
    {
        label: 'Record',
        fieldName: 'url',
        type: 'url',
        typeAttributes: { label: { fieldName: 'recordId' }, target: '_self' },
        initialWidth: 190
    },
    { label: 'Object', fieldName: 'objectName', initialWidth: 110 },
    { label: 'Reason', fieldName: 'reason', wrapText: true },
    { label: 'Attempts', fieldName: 'attempts', type: 'number', initialWidth: 110 },
    {
        label: 'Last failed',
        fieldName: 'lastFailedAt',
        type: 'date',
        typeAttributes: { month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit' },
        initialWidth: 160
    }
];

/**
 * How the refresh of values goes, and its schedule. Looks again by itself while a run is under way.
 */
export default class MarketoSync extends LightningElement {
    status;
    errorMessage;
    chosenFrequency;
    isBusy = true;
    columns = COLUMNS;
    timer;

    connectedCallback() {
        this.ask(getStatus);
    }

    disconnectedCallback() {
        clearTimeout(this.timer);
    }

    handleFrequency(event) {
        this.chosenFrequency = event.detail.value;
    }

    async handleStart() {
        if (await this.ask(start, { frequency: this.frequency })) {
            this.tell(`Scheduled ${this.status.frequency}`, 'success');
        }
    }

    async handleStop() {
        if (await this.ask(stop)) {
            this.tell('Stopped', 'success');
        }
    }

    async handleRunNow() {
        this.isBusy = true;
        try {
            this.tell(await runNow(), 'info');
        } catch (error) {
            this.tell(messageOf(error), 'error');
        }
        await this.ask(getStatus);
    }

    // True when the answer is on the screen.
    async ask(method, parameters) {
        this.isBusy = true;
        try {
            this.status = await method(parameters);
            this.errorMessage = undefined;
            return true;
        } catch (error) {
            this.errorMessage = messageOf(error);
            return false;
        } finally {
            this.isBusy = false;
            this.lookAgainWhileRunning();
        }
    }

    lookAgainWhileRunning() {
        clearTimeout(this.timer);
        // An answer may come when the page has been left: nobody would end the timer.
        if (this.isRunning && this.isConnected) {
            this.timer = setTimeout(() => this.ask(getStatus), LOOK_AGAIN_MILLISECONDS);
        }
    }

    tell(title, variant) {
        this.dispatchEvent(new ShowToastEvent({ title, variant }));
    }

    get isRunning() {
        return this.status?.state === 'Running';
    }

    get cannotRun() {
        return this.isBusy || !this.status || this.status.isAlive;
    }

    get cannotStop() {
        return this.isBusy || (!this.status.frequency && !this.isRunning);
    }

    get stateLabel() {
        return this.status.state ?? 'Never run';
    }

    // A relative time is shown for a number or a Date only, and Apex answers with text.
    get lastRunTime() {
        const time = this.status.finishedAt ?? this.status.startedAt;
        return time && Date.parse(time);
    }

    get asOfTime() {
        return Date.parse(this.status.asOf);
    }

    get rowsRead() {
        return this.status.rowsRead.toLocaleString();
    }

    get rowsWritten() {
        return this.status.rowsWritten.toLocaleString();
    }

    get failureCount() {
        return this.status.failureCount.toLocaleString();
    }

    get unpublishedNote() {
        const count = this.status.unpublishedCount;
        return `${count} ${count === 1 ? 'event' : 'events'} of the last seven days could not be published. The service finds those records by itself; the tab Unpublished Changes says why.`;
    }

    get frequency() {
        return this.chosenFrequency ?? this.status.frequency ?? USUAL_FREQUENCY;
    }

    get frequencyOptions() {
        return this.status.frequencies.map((name) => ({ label: name, value: name }));
    }

    get startLabel() {
        return this.status.frequency ? 'Change schedule' : 'Start';
    }

    get hasFailures() {
        return this.status?.failures.length > 0;
    }

    get failuresTitle() {
        const { failures, failureCount } = this.status;
        return failures.length < failureCount
            ? `Not written (latest ${failures.length} of ${failureCount.toLocaleString()})`
            : `Not written (${failureCount})`;
    }

    get failureRows() {
        return this.status.failures.map((failure) => ({ ...failure, url: `/${failure.recordId}` }));
    }
}

function messageOf(error) {
    return error?.body?.message ?? error?.message ?? 'Something went wrong. Reload the page and try again.';
}
