// Words for generated organisations.

const list = (text: string): string[] => text.trim().split(/\s*,\s*/)

export const FIRST_NAMES = list(
  'Anna, Louis, Deion, Maria, Jonas, Priya, Wei, Fatima, Diego, Ingrid, Tomasz, Aisha, Hiro, Chloe, Noah, Emma, Olivia, Liam, Lucas, Sofia, Elena, Marta, Pavel, Yusuf, Grace, Hannah, Oscar, Ruth, Simon, Tara, Victor, Zoe',
)
export const LAST_NAMES = list(
  "Lind, Bartell, O'Kon, Garcia, Weber, Patel, Chen, Haddad, Romero, Nilsen, Kowalski, Okafor, Tanaka, Dubois, Smith, Johnson, Brown, Martin, Rossi, Novak, Petrov, Demir, Baker, Cooper, Fischer, Hughes, Larsen, Moreau, Quinn, Silva, Turner, Young",
)
/** Other scripts, accents, a hyphen, a single letter. */
export const RARE_NAMES: ReadonlyArray<readonly [string, string]> = [
  ['Zoë', 'Müller-Lüdenscheidt'],
  ['Søren', 'Ångström'],
  ['Владимир', 'Иванов'],
  ['Ελένη', 'Παπαδοπούλου'],
  ['さくら', '田中'],
  ['伟', '王'],
  ['محمد', 'الأحمد'],
  ['Nguyễn', 'Văn Ánh'],
  ['José', 'de la Cruz y Ñuñez'],
  ['Li', 'O'],
]
export const COMPANY_STEMS = list(
  'Acme, Betasoloin, Northwind, Cancity, Isdom, Contoso, Zencorp, Plexzap, Konex, Treequote, Bluth, Rangreen, Statholdings, Finhigh, Warephase, Hottechi, Dontechi, Goodsilron, Labdrill, Scotfind, Umbrella, Vehement, Y-corporation, Domzoom, Ganjaflex',
)
export const COMPANY_ENDINGS = list(
  'GmbH, Ltd, Inc, & Sons, Group, AB, S.A., Holdings, Labs, 株式会社, Partners',
)
export const INDUSTRIES = list(
  'Technology, Retail, Medical, Software, Entertainment, Marketing, Telecommunications, Finance, Employment, Services',
)
export const CITIES: ReadonlyArray<readonly [city: string, state: string, code: string, country: string]> = [
  ['Stockholm', '', '111 20', 'Sweden'],
  ['München', 'Bavaria', '80331', 'Germany'],
  ['Austin', 'TX', '78701', 'United States'],
  ['São Paulo', 'SP', '01310-100', 'Brazil'],
  ['東京', '東京都', '100-0001', 'Japan'],
  ['Lyon', '', '69001', 'France'],
  ['Toronto', 'ON', 'M5H 2N2', 'Canada'],
  ['Leeds', '', 'LS1 4AP', 'United Kingdom'],
]
export const TITLES = list(
  'CEO, CTO, VP Sales, Head of Marketing, Buyer, Office Manager, Data Analyst, Support Engineer, Head of IT, Consultant',
)
export const LEAD_SOURCES = list('Web, Event, Phone Inquiry, Partner Referral, Purchased List, Other')
export const LEAD_STATUSES = list('Open - Not Contacted, Working - Contacted, Nurturing, Unqualified')
export const RATINGS = list('Hot, Warm, Cold')
export const OPEN_STAGES = list(
  'Prospecting, Qualification, Needs Analysis, Value Proposition, Proposal/Price Quote, Negotiation/Review',
)
export const CLOSED_STAGES = list('Closed Won, Closed Won, Closed Lost')
export const OPPORTUNITY_TYPES = list('New Business, Existing Business, Renewal')
export const PRODUCTS = list('GTX Basic, GTX Plus Basic, GTX Pro, GTXPro, MG Special, MG Advanced, GTK 500')
export const ROLES = list(
  'Decision Maker, Business User, Economic Buyer, Evaluator, Influencer, Executive Sponsor',
)
export const NOTES = [
  'Met at the fair, wants a call back. 🎉',
  'Prefers e-mail.\nAsk for "the long version" of the offer.',
  'Angerufen, kein Anschluss – später wieder.',
  'Budget is there; waits for the board, then decides.',
]
