// sdk_check.mjs - the second opinion on the wire: the providers' own SDKs talk to the test server, and their
// published types judge its replies. Run by sdk_check.sh in a folder where the packages are installed.
//   node sdk_check.mjs PATH/TO/judge_server [OUR_REQUESTS.json]
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import NewestAnthropic from '@anthropic-ai/sdk'     // sends anthropic-version 2026-10-21 and a bearer token
import FormerAnthropic from 'anthropic-2023-06-01'  // the last that sends 2023-06-01 and x-api-key
import OpenAI, { toFile } from 'openai'
import { ContentFilterFinishReasonError, LengthFinishReasonError } from 'openai/error'

const ANTHROPIC_KEY = 'sk-ant-api03-test-key-for-loopback-only'
const OPENAI_KEY = 'sk-proj-test-key-for-loopback-only'

const server = spawn(process.argv[2], ['--lifetime', '120'], { stdio: ['pipe', 'pipe', 'inherit'] })
const ports = JSON.parse(await new Promise(resolve => server.stdout.once('data', resolve)))
const url = `http://127.0.0.1:${ports.http}`

let passed = 0, failed = 0
function check(ok, what) {
  if (ok) passed++
  else { failed++; console.log('FAIL ' + what) }
}
async function raises(type, part, promise, what) {
  try {
    await promise
    check(false, `${what}: nothing was raised`)
  } catch (e) {
    check(e instanceof type && String(e.message).includes(part), `${what}: ${e.constructor.name}: ${e.message}`)
    return e
  }
}
const post = (path, body) => fetch(url + path, { method: 'POST', body: JSON.stringify(body) })
const stats = async () => (await fetch(url + '/_stats')).json()

// Replies by the type that must accept them. OpenAI's files and batches say null where its types say undefined.
const typed = []
function keep(type, value) {
  const lenient = /Batch|File/.test(type) && type.startsWith('OpenAI')
  typed.push([type, JSON.parse(JSON.stringify(value, (k, v) => lenient && v === null ? undefined : v))])
  return value
}

const SCHEMA = { type: 'object', additionalProperties: false, required: ['id', 'reasoning', 'correctness'],
  properties: { id: { type: 'string' }, reasoning: { type: 'string' }, correctness: { type: 'integer', enum: [1, 2, 3, 4, 5] } } }
const prompt = row => `Judge.\n<row 4f1d9c2b7a6e5d4c>\n${row}\n</row 4f1d9c2b7a6e5d4c>\nReply with JSON.\nid: q7k2m9x4`

async function anthropic(Anthropic) {
  const client = new Anthropic({ apiKey: ANTHROPIC_KEY, baseURL: url, maxRetries: 0 })
  const patient = new Anthropic({ apiKey: ANTHROPIC_KEY, baseURL: url, maxRetries: 2 })
  const params = (row, more) => ({ model: 'claude-haiku-4-5', max_tokens: 512,
    system: [{ type: 'text', text: 'You judge.', cache_control: { type: 'ephemeral' } }],
    messages: [{ role: 'user', content: prompt(row) }],
    output_config: { format: { type: 'json_schema', schema: SCHEMA } }, ...more })

  const m = keep('Anthropic.Message', await client.messages.create(params('[[score 4]] x')))
  check(m.stop_reason === 'end_turn' && JSON.parse(m.content[0].text).correctness === 4, 'a message')
  check(typeof m._request_id === 'string', 'request id from the header')
  keep('Anthropic.Message', await client.messages.create(params('x', { model: 'claude-opus-5' })))
  const cut = keep('Anthropic.Message', await client.messages.create(params('[[fault max_tokens]]')))
  check(cut.stop_reason === 'max_tokens', 'cut at the cap')
  const refused = keep('Anthropic.Message', await client.messages.create(params('[[fault refusal]]')))
  check(refused.stop_reason === 'refusal' && refused.content.length === 0, 'a refusal')
  const parsed = await client.messages.parse(params('[[score 2]]'))
  check(JSON.parse(parsed.content[0].text).correctness === 2, 'messages.parse')
  const count = keep('Anthropic.MessageTokensCount',
    await client.messages.countTokens({ model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'hello' }] }))
  check(count.input_tokens > 0, 'count_tokens')
  const models = []
  for await (const model of client.models.list()) models.push(model.id)
  check(models.includes('claude-haiku-4-5'), 'models')

  for (const [fault, type, status] of [
    ['invalid', Anthropic.BadRequestError, 400], ['auth', Anthropic.AuthenticationError, 401],
    ['permission', Anthropic.PermissionDeniedError, 403], ['not_found', Anthropic.NotFoundError, 404],
    ['conflict', Anthropic.ConflictError, 409], ['unprocessable', Anthropic.UnprocessableEntityError, 422],
    ['rate_limit', Anthropic.RateLimitError, 429], ['spend_limit', Anthropic.RateLimitError, 429],
    ['server_error', Anthropic.InternalServerError, 500], ['overloaded', Anthropic.InternalServerError, 529],
    ['bad_gateway', Anthropic.InternalServerError, 502], ['too_large_html', Anthropic.APIError, 413] ]) {
    const e = await raises(type, String(status), client.messages.create(params(`[[fault ${fault}]]`)), fault)
    check(e?.status === status, fault + ': status')
    if (!/html|gateway/.test(fault)) check(e?.error?.type === 'error' && e.error.error.type.endsWith('_error'), fault + ': body')
  }
  for (const fault of ['reset', 'garbage', 'refuse_reset'])
    await raises(Anthropic.APIConnectionError, '', client.messages.create(params(`[[fault ${fault}]]`)), fault)
  for (const fault of ['reset_body', 'cut_chunk', 'cut_body', 'half_json', 'empty'])
    await client.messages.create(params(`[[fault ${fault}]]`)).then(
      m => check(!m || m.content === undefined, fault + ' gave a message'), () => check(true))
  await raises(Anthropic.NotFoundError, 'model: claude-9', client.messages.create(params('x', { model: 'claude-9' })), 'model')
  if (Anthropic === FormerAnthropic) check((await client.messages.create(params('x', { temperature: 0 }))).type === 'message', 'temperature')
  else await raises(Anthropic.BadRequestError, 'temperature', client.messages.create(params('x', { temperature: 0 })), 'temperature')
  await raises(Anthropic.AuthenticationError, 'invalid x-api-key',
    new Anthropic({ apiKey: 'wrong', baseURL: url, maxRetries: 0 }).messages.create(params('x')), 'key')

  await post('/_reset')
  await patient.messages.create(params('[[fault overloaded x1]] [[fault rate_limit_ms ms=20 x1]]'))
  check((await stats()).model_requests === 3, 'the SDK retries a 529 and a 429, and the third answer counts')
  await raises(Anthropic.InternalServerError, '500', patient.messages.create(params('[[fault server_error should_retry=false]]')),
    'x-should-retry')
  check((await stats()).model_requests === 4, 'x-should-retry: false is not retried')

  let batch = keep('Anthropic.Messages.MessageBatch', await client.messages.batches.create({ requests:
    ['[[score 5]]', '[[fault overloaded]]', 'x'].map((row, i) => ({ custom_id: 'r' + i, params: params(row) })) }))
  while (batch.processing_status !== 'ended') batch = await client.messages.batches.retrieve(batch.id)
  keep('Anthropic.Messages.MessageBatch', batch)
  check(batch.request_counts.succeeded === 2 && batch.request_counts.errored === 1, 'batch counts')
  const kinds = []
  for await (const line of await client.messages.batches.results(batch.id)) {
    keep('Anthropic.Messages.MessageBatchIndividualResponse', line)
    kinds.push(line.custom_id + ' ' + line.result.type)
  }
  check(kinds.sort().join() === 'r0 succeeded,r1 errored,r2 succeeded', 'batch results: ' + kinds)
  const ids = []
  for await (const b of client.messages.batches.list({ limit: 1 })) ids.push(b.id)
  check(ids.length === 1 && ids[0] === batch.id, 'batch list')
  const second = await client.messages.batches.create({ requests: [{ custom_id: 'a', params: params('x') }] })
  check((await client.messages.batches.cancel(second.id)).processing_status === 'canceling', 'batch cancel')
  keep('Anthropic.Messages.DeletedMessageBatch', await client.messages.batches.delete(batch.id))
}

async function openai() {
  const client = new OpenAI({ apiKey: OPENAI_KEY, baseURL: url + '/v1', maxRetries: 0 })
  const params = (row, more) => ({ model: 'gpt-4o-mini', max_completion_tokens: 512,
    messages: [{ role: 'system', content: 'You judge.' }, { role: 'user', content: prompt(row) }],
    response_format: { type: 'json_schema', json_schema: { name: 'verdict', strict: true, schema: SCHEMA } }, ...more })

  const c = keep('OpenAI.ChatCompletion', await client.chat.completions.create(params('[[score 4]]')))
  check(JSON.parse(c.choices[0].message.content).correctness === 4, 'a completion')
  const parsed = await client.chat.completions.parse(params('[[score 3]]'))
  check(JSON.parse(parsed.choices[0].message.content).correctness === 3, 'completions.parse')
  keep('OpenAI.ChatCompletion', await client.chat.completions.create(params('x', { model: 'gpt-5-mini' })))
  keep('OpenAI.ChatCompletion', await client.chat.completions.create(params('x', { n: 2 })))
  const refused = keep('OpenAI.ChatCompletion', await client.chat.completions.create(params('[[fault refusal]]')))
  check(refused.choices[0].message.refusal.length > 0, 'a refusal')
  await raises(LengthFinishReasonError, '', client.chat.completions.parse(params('[[fault max_tokens]]')), 'length')
  await raises(ContentFilterFinishReasonError, '', client.chat.completions.parse(params('[[fault content_filter]]')), 'filter')

  for (const [fault, type, status, code] of [
    ['context_length', OpenAI.BadRequestError, 400, 'context_length_exceeded'],
    ['auth', OpenAI.AuthenticationError, 401, 'invalid_api_key'],
    ['permission', OpenAI.PermissionDeniedError, 403, 'unsupported_country_region_territory'],
    ['not_found', OpenAI.NotFoundError, 404, 'model_not_found'], ['rate_limit', OpenAI.RateLimitError, 429, 'rate_limit_exceeded'],
    ['insufficient_quota', OpenAI.RateLimitError, 429, 'insufficient_quota'],
    ['server_error', OpenAI.InternalServerError, 500, null], ['slow_down', OpenAI.InternalServerError, 503, 'slow_down'] ]) {
    const e = await raises(type, String(status), client.chat.completions.create(params(`[[fault ${fault}]]`)), fault)
    check(e?.status === status && e?.code === code, `${fault}: ${e?.status} ${e?.code}`)
  }
  const wrong = await raises(OpenAI.AuthenticationError, 'Incorrect API key provided',
    new OpenAI({ apiKey: 'sk-proj-abcdefgh12345678', baseURL: url + '/v1', maxRetries: 0 }).chat.completions.create(params('x')), 'key')
  check(wrong?.code === 'invalid_api_key', 'key: code')

  const body = { model: 'text-embedding-3-small', input: ['reset my password', 'reset the password'], dimensions: 64 }
  const packed = keep('OpenAI.CreateEmbeddingResponse', await client.embeddings.create(body))   // asks for base64
  const plain = await client.embeddings.create({ ...body, encoding_format: 'float' })
  check(packed.data[0].embedding.length === 64, 'dimensions')
  check(packed.data.every((d, i) => d.embedding.every((x, j) => Math.abs(x - plain.data[i].embedding[j]) < 1e-7)),
    'base64 and floats are the same numbers')
  const models = []
  for await (const model of client.models.list()) models.push(keep('OpenAI.Model', model).id)
  check(models.includes('gpt-4o-mini'), 'models')

  await post('/_reset')
  const line = (id, row) => JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: params(row) })
  const text = [line('r0', '[[score 5]]'), line('r1', '[[fault server_error]]')].join('\n')
  const file = keep('OpenAI.FileObject', await client.files.create({ purpose: 'batch', file: await toFile(Buffer.from(text), 'in.jsonl') }))
  check(file.bytes === text.length, `the file has ${file.bytes} bytes of ${text.length}`)
  let batch = keep('OpenAI.Batch', await client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions',
    completion_window: '24h', metadata: { run: 'r1' } }))
  while (batch.status !== 'completed') batch = await client.batches.retrieve(batch.id)
  keep('OpenAI.Batch', batch)
  const out = JSON.parse(await (await client.files.content(batch.output_file_id)).text())
  keep('OpenAI.ChatCompletion', out.response.body)
  check(out.custom_id === 'r0' && out.response.status_code === 200, 'batch output')
  const err = JSON.parse(await (await client.files.content(batch.error_file_id)).text())
  check(err.custom_id === 'r1' && err.response.status_code === 500, 'batch errors')
  const ids = []
  for await (const b of client.batches.list()) ids.push(b.id)
  check(ids.length === 1, 'batch list')
  keep('OpenAI.FileDeleted', await client.files.delete(file.id))
}

// What the judge sends (our_requests.lua) is of the type that the SDKs take, and what they send for it.
const PARAMS = { anthropic: 'Anthropic.MessageCreateParamsNonStreaming', openai: 'OpenAI.ChatCompletionCreateParamsNonStreaming' }
async function ours(path) {
  let sent
  const spy = (to, init) => { sent = JSON.parse(init.body); return fetch(to, init) }
  const a = new NewestAnthropic({ apiKey: ANTHROPIC_KEY, baseURL: url, maxRetries: 0, fetch: spy })
  const f = new FormerAnthropic({ apiKey: ANTHROPIC_KEY, baseURL: url, maxRetries: 0, fetch: spy })
  const o = new OpenAI({ apiKey: OPENAI_KEY, baseURL: url + '/v1', maxRetries: 0, fetch: spy })
  for (const { provider, body } of JSON.parse(readFileSync(path, 'utf8'))) {
    const own = JSON.parse(body)
    typed.push([PARAMS[provider], own])
    const clients = provider === 'openai' ? [o.chat.completions] : [f.messages, a.messages]
    for (const client of clients) {
      const reply = await client.create(own)
      check(reply.content?.[0].type === 'text' || reply.choices?.[0].message.content, `our request to ${provider}`)
      check(isDeepStrictEqual(sent, own), `what the SDK sends for our request to ${provider}: ${JSON.stringify(sent)}`)
    }
  }
}

// The replies as literals of the published types: a missing or a misspelt member is an error of the compiler.
function types() {
  const source = ["import Anthropic from '@anthropic-ai/sdk'", "import OpenAI from 'openai'",
    ...typed.map(([type, value], i) => `export const v${i}: ${type} = ${JSON.stringify(value)}`)]
  writeFileSync('replies.ts', source.join('\n') + '\n')
  writeFileSync('tsconfig.json', JSON.stringify({ compilerOptions: { strict: true, noEmit: true, skipLibCheck: true,
    module: 'nodenext', target: 'es2022', types: ['node'] }, files: ['replies.ts'] }))
  const tsc = spawnSync('npx', ['--no-install', 'tsc', '-p', '.'], { encoding: 'utf8' })
  check(tsc.status === 0, 'types: ' + tsc.stdout + tsc.stderr)
  console.log(`${typed.length} replies and requests judged by the published types`)
}

await anthropic(FormerAnthropic)
typed.length = 0
await post('/_reset')
await anthropic(NewestAnthropic)
await post('/_reset')
await openai()
if (process.argv[3]) await ours(process.argv[3])
types()
server.stdin.end()
console.log(`${passed} passed, ${failed} failed, 0 skipped`)
process.exit(failed ? 1 : 0)
