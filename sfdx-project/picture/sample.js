// What the Apex controllers would answer, with times that count back from now.
const minutesAgo = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

export const card = {
    momentType: 'Web',
    momentDescription: 'Visited the pricing page three times and downloaded "Choosing a platform"',
    momentSource: 'Smart campaign: buying signals',
    momentDate: minutesAgo(47),
    engagement: 3,
    urgency: 3,
    relativeScore: 2,
    asOf: minutesAgo(4),
    secondsToWait: 0
};

export const status = {
    state: 'Finished',
    isAlive: false,
    startedAt: minutesAgo(5),
    finishedAt: minutesAgo(4),
    asOf: minutesAgo(5),
    rowsRead: 1240,
    rowsWritten: 311,
    rowsFailed: 2,
    frequency: 'every 15 minutes',
    nextRun: minutesAgo(-11),
    frequencies: ['every 5 minutes', 'every 15 minutes', 'hourly', 'daily'],
    failureCount: 2,
    failures: [
        {
            recordId: '00Q5e000001AbCeEAV',
            objectName: 'Lead',
            reason: 'FIELD_CUSTOM_VALIDATION_EXCEPTION: A phone number is required for open leads.',
            attempts: 2,
            lastFailedAt: minutesAgo(5)
        },
        {
            recordId: '0035e00000XyZabAAF',
            objectName: 'Contact',
            reason: 'UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record',
            attempts: 1,
            lastFailedAt: minutesAgo(5)
        }
    ],
    unpublishedCount: 0
};
