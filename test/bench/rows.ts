// Made-up Salesforce rows of the usual width; the same number gives the same rows.
import type { Fields } from './worlds.ts'

export function leadRows(count: number, from = 0): Fields[] {
  return times(count, from, (n) => ({
    FirstName: `First${n % 977}`,
    LastName: `Last${n}`,
    Company: `Company ${n % 5_003}`,
    Email: emailOf(n),
    Phone: `+1 555 ${String(n).padStart(7, '0')}`,
    Title: n % 3 === 0 ? 'Engineer' : 'Head of Purchasing',
    City: 'Springfield',
    Country: 'United States',
    PostalCode: String(10_000 + (n % 80_000)),
    LeadSource: 'Web',
    Status: 'Open - Not Contacted',
  }))
}

export const emailOf = (n: number): string => `person.${n}@company${n % 5_003}.example`

export function userRows(count: number): Fields[] {
  return times(count, 0, (n) => ({
    Username: `seller${n}@sales.example`,
    Email: `seller${n}@sales.example`,
    FirstName: `Seller${n}`,
    LastName: `Of ${n}`,
    IsActive: true,
  }))
}

export function times<T>(count: number, from: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(from + n))
}
