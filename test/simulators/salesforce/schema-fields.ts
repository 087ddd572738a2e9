// The fields of each object, one per line: `Name type(length) flags | Label`. Flags: `req` (required on
// insert), `ro` (set by Salesforce), `once` (set on insert only), `fixed` (not nillable). Lengths as in
// Salesforce's object reference.

const STAMPS = `
CreatedDate datetime ro fixed
CreatedById ref(User) ro fixed
LastModifiedDate datetime ro fixed
LastModifiedById ref(User) ro fixed
SystemModstamp datetime ro fixed`

const DELETABLE = `
IsDeleted boolean ro fixed | Deleted${STAMPS}`

const address = (prefix: string): string => `
${prefix}Street textarea(255)
${prefix}City string(40)
${prefix}State string(80) | ${prefix} State/Province
${prefix}PostalCode string(20) | ${prefix} Zip/Postal Code
${prefix}Country string(80)`

const PERSON = `
LastName string(80) req
FirstName string(40)
Salutation picklist(40)
Name string(121) ro fixed | Full Name
Title string(128)
Email email(80)
Phone phone(40)
Fax phone(40)
MobilePhone phone(40)
LeadSource picklist(255)
Description longtext(32000)
DoNotCall boolean
HasOptedOutOfEmail boolean | Email Opt Out
HasOptedOutOfFax boolean | Fax Opt Out
EmailBouncedReason string(255)
EmailBouncedDate datetime
LastActivityDate date ro
OwnerId ref(User|Group)`

/** The seven plain fields of the MSI package, on Lead and Contact (marketo-rest §8). */
export const INSIGHT_FIELDS = `
mkto_si__Last_Interesting_Moment_Type__c string(100) | Last Interesting Moment Type
mkto_si__Last_Interesting_Moment_Date__c datetime | Last Interesting Moment Date
mkto_si__Last_Interesting_Moment_Desc__c textarea(255) | Last Interesting Moment Desc
mkto_si__Last_Interesting_Moment_Source__c string(100) | Last Interesting Moment Source
mkto_si__Priority__c double(18) | Engagement
mkto_si__Urgency_Value__c double(4) | Urgency Value
mkto_si__Relative_Score_Value__c double(4) | Relative Score Value`

export const PERSON_ACCOUNT_FIELDS = {
  Account: `
IsPersonAccount boolean once
PersonContactId ref(Contact) ro
FirstName string(40)
LastName string(80)
Salutation picklist(40)
PersonEmail email(80)
PersonTitle string(80)
PersonMobilePhone phone(40)
PersonHomePhone phone(40)
PersonLeadSource picklist(255)
PersonDoNotCall boolean
PersonHasOptedOutOfEmail boolean${address('PersonMailing')}`,
  Contact: `
IsPersonAccount boolean ro`,
} as const

const METADATA = `
DeveloperName string(40)
MasterLabel string(40)
Language picklist(40)
NamespacePrefix string(15)
Label string(40)
QualifiedApiName string(70)
SystemModstamp datetime ro fixed`

/** User, Group, Organization and custom metadata have no IsDeleted: nobody deletes them by the API (known). */
export const FIELDS = {
  User: `
Username string(80) req
LastName string(80) req
FirstName string(40)
Name string(121) ro fixed | Full Name
CompanyName string(80)
Division string(80)
Department string(80)
Title string(80)${address('')}
Email email(128) req
Phone phone(40)
Extension phone(40)
Fax phone(40)
MobilePhone phone(40)
Alias string(8)
EmployeeNumber string(20)
IsActive boolean | Active
UserType picklist(40) | User Type
ManagerId ref(User)
LastLoginDate datetime ro${STAMPS}`,
  Group: `
Name string(40) req
DeveloperName string(80)
Type picklist(40)
Email email(80)${STAMPS}`,
  Account: `
MasterRecordId ref(Account) ro
Name string(255) req | Account Name
Type picklist(255)
ParentId ref(Account)${address('Billing')}${address('Shipping')}
Phone phone(40)
Fax phone(40)
AccountNumber string(40)
Website url(255)
Sic string(20) | SIC Code
SicDesc string(80) | SIC Description
Industry picklist(255)
AnnualRevenue currency(18)
NumberOfEmployees int(8) | Employees
Ownership picklist(255)
TickerSymbol string(20)
Description longtext(32000)
Rating picklist(255)
Site string(80) | Account Site
YearStarted string(4)
OwnerId ref(User)
LastActivityDate date ro${DELETABLE}`,
  Lead: `
MasterRecordId ref(Lead) ro${PERSON}
Company string(255) req
Website url(255)${address('')}
Status picklist(255)
Industry picklist(255)
Rating picklist(255)
AnnualRevenue currency(18)
NumberOfEmployees int(8) | Employees
IsUnreadByOwner boolean
IsConverted boolean ro | Converted
ConvertedDate date ro
ConvertedAccountId ref(Account) ro
ConvertedContactId ref(Contact) ro
ConvertedOpportunityId ref(Opportunity) ro${INSIGHT_FIELDS}${DELETABLE}`,
  Contact: `
MasterRecordId ref(Contact) ro
AccountId ref(Account)${PERSON}${address('Mailing')}${address('Other')}
HomePhone phone(40)
OtherPhone phone(40)
AssistantPhone phone(40) | Asst. Phone
AssistantName string(40) | Assistant's Name
ReportsToId ref(Contact)
Department string(80)
Birthdate date${INSIGHT_FIELDS}${DELETABLE}`,
  Opportunity: `
AccountId ref(Account)
Name string(120) req
Description longtext(32000)
StageName picklist(255) req | Stage
Amount currency(18)
Probability percent(3) | Probability (%)
ExpectedRevenue currency(18) ro
TotalOpportunityQuantity double(18) | Quantity
CloseDate date req
Type picklist(255)
NextStep string(255)
LeadSource picklist(255)
IsClosed boolean ro | Closed
IsWon boolean ro | Won
IsPrivate boolean
ForecastCategory picklist(40) ro
ForecastCategoryName picklist(40) | Forecast Category
FiscalQuarter int(9) ro
FiscalYear int(9) ro
Fiscal string(6) ro | Fiscal Period
HasOpportunityLineItem boolean ro
OwnerId ref(User)
LastActivityDate date ro${DELETABLE}`,
  OpportunityContactRole: `
OpportunityId ref(Opportunity) req once
ContactId ref(Contact) req
Role picklist(255)
IsPrimary boolean | Primary${DELETABLE}`,
  Organization: `
Name string(80)
InstanceName string(5) ro
IsSandbox boolean ro
OrganizationType picklist(40) ro
Country string(80)
TimeZoneSidKey picklist(40)
CreatedDate datetime ro fixed
SystemModstamp datetime ro fixed`,
  Marketo_Field_Mapping__mdt: `${METADATA}
Object__c string(255)
Salesforce_Field__c string(255)
Marketo_Field__c string(255)
Active__c boolean`,
  Marketo_Object_Setting__mdt: `${METADATA}
Object__c string(255)
Active__c boolean
Filter__c longtext(32768)`,
} as const
