// What each 1xxx code means, in an admin's words (help/rest-api/error-codes.md in AdobeDocs/marketo-developer.en). They come with a
// skipped record, and some also as the answer to a whole call. Data only; verdict.ts decides.

import type { CodeRow } from './codes.ts'

const DATA = 'Correct the value in Salesforce, or map another field, and retry the record.'
const PARTITION =
  'In Marketo: Admin > Users & Roles: give the API user its role in the workspace of this partition (Admin > Workspaces & Partitions shows which), then retry the record.'
const BY_ITSELF = 'Nothing to do: the bridge repeats it by itself.'
const NOT_OURS =
  'The bridge makes no call that this code belongs to. Report it with the log, and retry the record.'

const ROWS: Record<string, CodeRow> = {
  '1001': { reason: "A value is not of the Marketo field's type.", advice: DATA },
  '1002': { reason: 'A value that Marketo requires is missing.', advice: DATA },
  '1003': { reason: 'Marketo calls the data of the record invalid.', advice: DATA },
  '1004': {
    call: 'gone',
    record: 'gone',
    reason: 'The person no longer exists in Marketo.',
    advice: 'Nothing to do: the bridge forgets it and sends the record anew.',
  },
  '1005': { record: 'again', reason: 'The person exists in Marketo already.', advice: BY_ITSELF },
  '1006': {
    reason: 'Marketo does not have one of the fields that were sent.',
    advice:
      'The bridge asks Marketo for its fields anew, and sends the record without the field where it is gone. If the record stays refused, compare the mapping with Marketo: Admin > Field Management. Correct the row of Marketo_Field_Mapping__mdt in Salesforce (Setup > Custom Metadata Types), reload the mapping, and retry.',
  },
  '1007': {
    call: 'several',
    record: 'several',
    reason: 'Several persons in Marketo have this key.',
    advice:
      'In Marketo: Database > All People > search the id in the field External Person ID, select the duplicates, Person Actions > Merge People. Or set SEVERAL_PERSONS=merge.',
  },
  '1008': { reason: 'The API user has no access to the partition of the person.', advice: PARTITION },
  '1009': { reason: 'Marketo wants a partition to be named for the person.', advice: PARTITION },
  '1010': {
    reason: 'The person is in another partition of Marketo and cannot be updated.',
    advice: PARTITION,
  },
  '1011': {
    call: 'unsupported-lookup',
    record: 'unsupported-lookup',
    reason: 'Marketo does not look up records by this field.',
    advice: 'Nothing to do: the bridge uses another way to find the record.',
  },
  '1012': { reason: 'Marketo does not know this cookie.', advice: NOT_OURS },
  '1013': {
    call: 'gone',
    record: 'gone',
    reason: 'The record, or one that it belongs to, no longer exists in Marketo.',
    advice: 'Nothing to do: the bridge forgets it and sends it anew, what it belongs to first.',
  },
  '1014': { record: 'again', reason: 'Marketo failed to create the record.', advice: BY_ITSELF },
  '1015': { reason: 'The person is not in the list.', advice: NOT_OURS },
  '1016': {
    call: 'again',
    record: 'again',
    after: 60_000,
    reason: 'Too many imports wait in Marketo.',
    advice: BY_ITSELF,
  },
  '1017': { record: 'again', reason: 'The record exists in Marketo already.', advice: BY_ITSELF },
  '1018': {
    call: 'stop',
    record: 'stop',
    reason: 'This Marketo instance has a native CRM sync, which forbids what the bridge does.',
    advice:
      'The bridge and a native sync exclude each other. Connect an instance without native sync (Admin > Salesforce, or Microsoft Dynamics, shows it), or have Adobe Support remove the native sync.',
  },
  '1019': {
    call: 'again',
    record: 'again',
    after: 60_000,
    reason: 'An import into Marketo is running.',
    advice: BY_ITSELF,
  },
  '1020': {
    call: 'again',
    record: 'again',
    after: 60_000,
    reason: 'Marketo cloned too many programs today.',
    advice: NOT_OURS,
  },
  '1021': {
    reason: 'Marketo does not let fields of the company be written through a person.',
    advice:
      'Take the company field out of the mapping of Lead or Contact (Salesforce: Setup > Custom Metadata Types > Marketo Field Mapping), or map it to a person field of its own.',
  },
  '1022': {
    call: 'in-use',
    record: 'in-use',
    reason: 'Other records in Marketo still use this one, so it cannot be deleted.',
    advice:
      'Nothing to do: it stays in Marketo. To remove it, move its persons to another company or sales person first.',
  },
  '1025': { reason: 'Marketo does not know this program status.', advice: NOT_OURS },
  '1026': {
    call: 'stop',
    record: 'stop',
    reason: 'Custom objects are not enabled in this Marketo subscription.',
    advice: 'Ask your Adobe account manager which features your Marketo subscription holds.',
  },
  '1027': { reason: 'Marketo has no room for another activity type.', advice: NOT_OURS },
  '1028': { reason: 'Marketo has no room for another field.', advice: NOT_OURS },
  '1029': {
    call: 'again',
    record: 'again',
    after: 60_000,
    reason: "Marketo's export queue is full.",
    advice: BY_ITSELF,
  },
  '1035': { reason: 'This Marketo subscription does not have this filter.', advice: NOT_OURS },
  '1036': {
    record: 'again',
    reason: 'The same record was twice in one call.',
    advice: BY_ITSELF,
  },
  '1037': { reason: 'Marketo skipped the person: it is past this status already.', advice: NOT_OURS },
  '1042': { reason: 'Marketo does not take this date for a run.', advice: NOT_OURS },
  '1048': { reason: 'Marketo could not discard a draft.', advice: NOT_OURS },
  '1049': { reason: 'The attributes of the activity are too long.', advice: NOT_OURS },
  '1076': {
    call: 'refused',
    reason: 'The merge would make a duplicate in the CRM.',
    advice: 'Merge the persons by hand in Marketo: Database > select both > Person Actions > Merge People.',
  },
  '1077': {
    reason: 'A text is longer than the Marketo field takes.',
    advice:
      'Shorten the text in Salesforce, or map it to a longer field (Admin > Field Management shows the types), and retry the record.',
  },
  '1078': {
    call: 'gone',
    reason: 'Marketo could not merge the persons: one of them was deleted, or is no person.',
    advice: 'Nothing to do: the bridge looks up which of them is gone.',
  },
  '1079': {
    call: 'refused',
    reason: 'Marketo could not merge the persons: both have the same personalised URL.',
    advice: 'Merge them by hand in Marketo: Database > select both > Person Actions > Merge People.',
  },
  '1080': { call: 'record', reason: 'More than 25 persons were to be merged at once.', advice: BY_ITSELF },
}

export const RECORD_CODES: ReadonlyMap<string, CodeRow> = new Map(Object.entries(ROWS))
