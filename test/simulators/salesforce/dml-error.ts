// What a refused DML statement throws; the status codes are those of a SaveResult.

export class DmlError extends Error {
  readonly statusCode: string
  readonly fields: string[]

  constructor(statusCode: string, message: string, fields: string[] = []) {
    super(`${statusCode}: ${message}`)
    this.name = 'DmlError'
    this.statusCode = statusCode
    this.fields = fields
  }

  /** As REST shows it: the code apart from the sentence. */
  toResult(): { statusCode: string; message: string; fields: string[] } {
    return {
      statusCode: this.statusCode,
      message: this.message.slice(this.statusCode.length + 2),
      fields: this.fields,
    }
  }
}
