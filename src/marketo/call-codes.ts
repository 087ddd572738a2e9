// What each answer to a whole call means, in an admin's words: Marketo's 5xx–7xx codes (help/rest-api/error-codes.md in
// AdobeDocs/marketo-developer.en), HTTP statuses, and our own words for what the network does. Data only; verdict.ts decides.
import type { CodeRow } from './codes.ts'

const WAIT = 'Nothing to do: the bridge repeats it by itself.'
const WAIT_AND_WATCH =
  'Nothing to do at once: the bridge looks up what became of it and repeats it if needed. If this lasts for an hour, see status.adobe.com and ask Adobe Support.'
const OUR_BUG =
  'This is a fault of the bridge, or of a proxy between it and Marketo. Check MARKETO_BASE_URL; if it is right, report the fault with the log.'
const CHECK_ADDRESS =
  'Compare MARKETO_BASE_URL with the REST endpoint in Marketo: Admin > Web Services > REST API, and check proxies in between.'
const RECORD_OR_MAPPING = 'Correct the record in Salesforce, or the field mapping, and retry it.'
const MERGE_BY_HAND =
  'Merge the two persons in Marketo by hand: Database > select both > Person Actions > Merge People.'

const ROWS: Record<string, CodeRow> = {
  // --- response level: nothing executed, so Marketo says; 502, 604 and 611 are known to have been carried out all the same
  '500': { call: 'unknown', reason: 'Marketo had an internal error.', advice: WAIT_AND_WATCH },
  '502': {
    call: 'unknown',
    reason: 'A gateway of Marketo got no answer in time.',
    advice: WAIT_AND_WATCH,
  },
  '601': {
    call: 'renew-token',
    reason: 'Marketo does not know the access token.',
    advice: WAIT,
  },
  '602': { call: 'renew-token', reason: 'The access token has expired.', advice: WAIT },
  '603': {
    call: 'stop',
    reason: 'Marketo denies the API user access.',
    advice:
      'In Marketo: Admin > Users & Roles > Roles: give the API-only role, under Access API, Read-Write Person, Company, Opportunity and Sales Person, Read-Only Activity and Read-Only Activity Metadata. Then Admin > Web Services > IP Restrictions: allow the addresses of this app, or switch the restriction off.',
  },
  '604': {
    call: 'slow',
    reason: 'Marketo gave up on the call because it took too long.',
    advice: WAIT_AND_WATCH,
  },
  '605': { call: 'stop', reason: 'Marketo does not take this HTTP method here.', advice: OUR_BUG },
  '606': {
    call: 'rate',
    after: 20_000,
    reason: 'More than 100 calls in 20 seconds reached Marketo, from all integrations together.',
    advice: `${WAIT} If it happens often, lower MARKETO_CALLS_PER_20_SECONDS, or see which integration calls so much: Admin > Web Services.`,
  },
  '607': {
    call: 'quota',
    reason: "Marketo's daily quota of API calls is used up, by all integrations together.",
    advice:
      'The bridge goes on after midnight US Central and tries one call an hour until then. Admin > Web Services shows who calls how often; your Adobe account manager can raise the quota.',
  },
  '608': { call: 'again', reason: "Marketo's API is unavailable for a moment.", advice: WAIT },
  '609': { call: 'record', reason: 'Marketo could not read the body of the call as JSON.', advice: OUR_BUG },
  '610': {
    call: 'stop',
    reason: 'Marketo has nothing at the address that was called.',
    advice: CHECK_ADDRESS,
  },
  '611': { call: 'slow', reason: 'Marketo had a system error.', advice: WAIT_AND_WATCH },
  '612': { call: 'stop', reason: 'Marketo did not accept the content type of the call.', advice: OUR_BUG },
  '613': { call: 'stop', reason: 'Marketo could not read the parts of the call.', advice: OUR_BUG },
  '614': {
    call: 'again',
    after: 60_000,
    reason: 'Marketo cannot reach your subscription at the moment.',
    advice: `${WAIT} If it lasts for an hour, check that the Marketo subscription is active and ask Adobe Support.`,
  },
  '615': {
    call: 'rate',
    after: 2_000,
    reason: 'More than 10 calls at once reached Marketo, from all integrations together.',
    advice: `${WAIT} If it happens often, lower MARKETO_CONCURRENCY.`,
  },
  '616': {
    call: 'stop',
    reason: 'The Marketo subscription is not of the type that this call needs.',
    advice: 'Ask your Adobe account manager which features your Marketo subscription holds.',
  },
  '701': { call: 'record', reason: 'A field that Marketo requires is blank.', advice: RECORD_OR_MAPPING },
  '702': {
    call: 'nothing',
    reason: 'Marketo found nothing for this search.',
    advice: 'Retry the record; it is then looked up anew.',
  },
  '703': {
    call: 'stop',
    reason: 'A feature that the bridge needs is not enabled in this Marketo subscription.',
    advice: 'Ask Adobe Support to enable "MSI Non-Native" (Marketo Sales Insight without native CRM sync).',
  },
  '704': { call: 'record', reason: 'Marketo could not read a date.', advice: RECORD_OR_MAPPING },
  '709': {
    call: 'record',
    reason: 'The call is against a business rule of Marketo.',
    advice: RECORD_OR_MAPPING,
  },
  '710': { call: 'refused', reason: 'Marketo did not find the parent folder.', advice: OUR_BUG },
  '711': { call: 'refused', reason: 'The Marketo folder is of another type.', advice: OUR_BUG },
  '712': {
    call: 'refused',
    reason: 'Marketo does not merge persons that are Salesforce person accounts.',
    advice: 'Merge the person accounts in Salesforce.',
  },
  '713': { call: 'again', reason: 'A resource of Marketo was not available for a moment.', advice: WAIT },
  '714': {
    call: 'refused',
    reason: 'Marketo found no default record type for the merge.',
    advice: MERGE_BY_HAND,
  },
  '718': {
    call: 'record',
    reason: 'The owner of the opportunity is not a sales person in Marketo.',
    advice: 'Nothing to do: the bridge sends the owner to Marketo, then the opportunity again.',
  },
  '719': { call: 'again', reason: 'Marketo waited too long for a lock.', advice: WAIT },

  // --- HTTP statuses: a healthy Marketo answers 200, 413 or 414; the rest comes from gateways, proxies, wrong addresses
  'HTTP 400': { call: 'record', reason: 'Marketo could not understand the call.', advice: OUR_BUG },
  'HTTP 401': {
    call: 'renew-token',
    reason: 'Marketo did not accept the access token.',
    advice: WAIT,
  },
  'HTTP 403': {
    call: 'stop',
    reason: 'Something in front of Marketo forbids the call.',
    advice:
      'In Marketo: Admin > Web Services > IP Restrictions: allow the addresses of this app. Check proxies in between.',
  },
  'HTTP 404': {
    call: 'stop',
    reason: 'There is no Marketo API at MARKETO_BASE_URL.',
    advice: CHECK_ADDRESS,
  },
  'HTTP 405': { call: 'stop', reason: 'Marketo does not take this HTTP method here.', advice: OUR_BUG },
  'HTTP 408': { call: 'unknown', reason: 'The call took too long to reach Marketo.', advice: WAIT_AND_WATCH },
  'HTTP 413': {
    call: 'record',
    reason: 'The call is larger than the 1 MB that Marketo takes.',
    advice: 'Shorten the long texts of the record, or take the field out of the mapping.',
  },
  'HTTP 414': {
    call: 'record',
    reason: 'The address of the call is longer than the 8 KB that Marketo takes.',
    advice: OUR_BUG,
  },
  'HTTP 415': {
    call: 'stop',
    reason: 'Marketo did not accept the content type of the call.',
    advice: OUR_BUG,
  },
  'HTTP 429': {
    call: 'rate',
    after: 20_000,
    reason: 'Something in front of Marketo limits the calls.',
    advice: WAIT,
  },
  'HTTP 500': {
    call: 'unknown',
    reason: 'Marketo had an internal error.',
    advice: WAIT_AND_WATCH,
  },
  'HTTP 502': {
    call: 'unknown',
    reason: 'A gateway of Marketo got no answer in time.',
    advice: WAIT_AND_WATCH,
  },
  'HTTP 503': { call: 'unknown', reason: 'Marketo is not available.', advice: WAIT_AND_WATCH },
  'HTTP 504': {
    call: 'unknown',
    reason: 'A gateway of Marketo got no answer in time.',
    advice: WAIT_AND_WATCH,
  },

  // --- the network and the answer, in our own words
  credentials: {
    call: 'stop',
    reason: 'Marketo does not accept the client id and secret.',
    advice:
      'Copy MARKETO_CLIENT_ID and MARKETO_CLIENT_SECRET again from Marketo: Admin > LaunchPoint > the custom service > View Details.',
  },
  'not-found': {
    call: 'unknown',
    reason: 'The address in MARKETO_BASE_URL cannot be found on the network.',
    advice: CHECK_ADDRESS,
  },
  'not-connected': {
    call: 'unknown',
    reason: 'No connection to Marketo could be made.',
    advice: WAIT_AND_WATCH,
  },
  'connection-lost': {
    call: 'unknown',
    reason: 'The connection to Marketo broke before its answer was complete.',
    advice: WAIT_AND_WATCH,
  },
  'timed-out': { call: 'unknown', reason: 'Marketo did not answer in time.', advice: WAIT_AND_WATCH },
  aborted: {
    call: 'unknown',
    reason: 'The call was broken off here: this process stops, or no longer leads.',
    advice: WAIT,
  },
  closed: { call: 'unknown', reason: 'This process is stopping.', advice: WAIT },
  'not-json': {
    call: 'unknown',
    reason: 'The answer is not from Marketo: it is no JSON, perhaps a page of a proxy.',
    advice: CHECK_ADDRESS,
  },
  'not-marketo': {
    call: 'unknown',
    reason: 'The answer is JSON, but does not have the form of an answer of Marketo.',
    advice: CHECK_ADDRESS,
  },
  'too-large': {
    call: 'unknown',
    reason: 'The answer is far larger than any answer of Marketo.',
    advice: CHECK_ADDRESS,
  },
  'results-misaligned': {
    call: 'unknown',
    reason: 'Marketo answered with other records than it was sent.',
    advice: WAIT_AND_WATCH,
  },
  'record-without-id': {
    call: 'unknown',
    reason: 'Marketo answered a search with a record that has no id.',
    advice: WAIT_AND_WATCH,
  },
  'search-not-whole': {
    call: 'unknown',
    reason: 'Marketo promised more records of a search than it gave.',
    advice: WAIT_AND_WATCH,
  },
  'no-token': {
    call: 'unknown',
    reason: "Marketo's sign-in gave no usable access token.",
    advice: WAIT_AND_WATCH,
  },

  // --- pauses of our own: refused here, nothing was sent
  'daily-ceiling': {
    call: 'quota',
    reason: "This service's own ceiling of Marketo calls for today (MARKETO_DAILY_CALLS) is reached.",
    advice: 'The bridge goes on after midnight US Central. Raise MARKETO_DAILY_CALLS to go on today.',
  },
  'background-ceiling': {
    call: 'quota',
    reason: "80 % of today's Marketo calls are used, so backfill and sweeps wait and live changes go on.",
    advice:
      'Background work goes on after midnight US Central. Admin > Web Services shows who calls how often.',
  },
}

export const CALL_CODES: ReadonlyMap<string, CodeRow> = new Map(Object.entries(ROWS))
