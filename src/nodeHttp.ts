/**
 * Node's HTTP without what `import ... from 'node:http'` brings with it.
 *
 * Such an import reads each export of the module, `WebSocket` too, and for that one Node loads its client of fetch, HTTP/2 and
 * web streams: 75 modules that nothing here uses. Types may be imported from there.
 * @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
export const { createServer, request } = process.getBuiltinModule('node:http');
