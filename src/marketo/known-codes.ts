// The few codes that flows tell apart, by name; what each means and what to do about it is in the tables.

/** The day's quota of the instance is used up. */
export const QUOTA_USED_UP = '607'
/** Several persons hold one key. */
export const SEVERAL_PERSONS = '1007'
/** This instance does not take the field as lookupField. */
export const LOOKUP_NOT_TAKEN = '1011'
/** The instance has a native CRM sync, which excludes the bridge. */
export const NATIVE_SYNC = '1018'
/** Something is not there: the record itself, or one that it names. Marketo does not say which. */
export const NOT_THERE = '1013'
/** "The bytes of this call are wrong": of a gateway that says so to everybody no record is to blame. */
export const GATEWAY_REFUSALS: readonly string[] = ['HTTP 400', '609']
/** Marketo does not have a field that was named. */
export const FIELD_UNKNOWN = '1006'
