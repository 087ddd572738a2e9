// A REST answer that is an error: HTTP status, errorCode and message as Salesforce words them.

export class ApiError extends Error {
  readonly status: number
  readonly errorCode: string

  constructor(status: number, errorCode: string, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.errorCode = errorCode
  }
}

export const malformedQuery = (message: string): ApiError => new ApiError(400, 'MALFORMED_QUERY', message)
export const invalidField = (message: string): ApiError => new ApiError(400, 'INVALID_FIELD', message)
