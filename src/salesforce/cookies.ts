// The cookies of one streaming client. Salesforce routes by them and refuses a client that doesn't return each
// ("400::Client … has established a session, but no … cookie present"). One host is asked, so name and value are enough.
// Not tough-cookie as faye uses it: a cookie it dislikes is thrown inside a socket's handler and ends the process.

export interface CookieJar {
  keep(setCookie: string | string[] | undefined): void
  header(): string
}

export function createCookieJar(): CookieJar {
  const cookies = new Map<string, string>()
  return {
    keep(setCookie) {
      for (const line of [setCookie ?? []].flat()) {
        const [pair = '', ...attributes] = line.split(';')
        const name = pair.slice(0, Math.max(0, pair.indexOf('='))).trim()
        // Anything but a token would break the header of the next request.
        if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) continue
        const value = pair.slice(pair.indexOf('=') + 1).trim()
        if (expired(attributes) || !/^[\x20-\x7e]*$/.test(value)) cookies.delete(name)
        else cookies.set(name, value)
      }
    },
    header: () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
  }
}

function expired(attributes: string[]): boolean {
  for (const attribute of attributes) {
    const [name = '', value = ''] = attribute.split('=').map((part) => part.trim())
    if (/^max-age$/i.test(name)) return Number(value) <= 0
    if (/^expires$/i.test(name)) return Date.parse(value) <= Date.now()
  }
  return false
}
