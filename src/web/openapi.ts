// The description of everything that can be called, made of the routes' own schemas. OpenAPI 3.0: Salesforce's External
// Services read nothing newer.
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

export async function describeRoutes(app: FastifyInstance, url: string | undefined): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'Sales Insight Bridge',
        description:
          'Keeps Marketo in step with a Salesforce org and brings Marketo Sales Insight values back. In /api a POST without a body is as good as {}.',
        version: '1.0.0',
        license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      },
      servers: [{ url: url ?? '/' }],
      components: {
        securitySchemes: {
          webhook: { type: 'http', scheme: 'bearer', description: 'WEBHOOK_SECRET' },
          admin: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN' },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
}

/** Registered last, when all routes are known. */
export function serveDescription(app: FastifyInstance): void {
  app.get('/docs/json', { config: { access: 'open' }, schema: { hide: true } }, () => app.swagger())
}
