// This machine, by any of its names: the only host to which cookies go without TLS.
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/i.test(host)
}
