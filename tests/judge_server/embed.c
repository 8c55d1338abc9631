/* embed.c - embeddings whose geometry is real: a text is the normalised sum of vectors hashed from its words, so
** that texts which share words lie near each other. OpenAI's wire (types/embedding_create_params.py). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "hash/hash.h"
#include "server.h"

enum { INPUTS_MAX = 2048, TOKENS_EACH = 8192, TOKENS_ALL = 300000, DIMENSIONS = 1536, DIMENSIONS_MAX = 3072 };

static Span S(const char *s) { return span_str(s); }

#define BAD(param, ...) (api_error(s, d, p, 400, "invalid_request_error", NULL, param, __VA_ARGS__), -1)

static int one_input(Server *s, Dialect d, const JsonValue *v, Ask *a, Reply *p) {
  size_t before = a->text.len;
  if (v->kind == JSON_ARRAY) {   /* token numbers: four bytes each stand for them */
    JsonValue number;
    for (JsonIter it = json_iter(v); json_next(&it, NULL, &number);)
      if (number.kind != JSON_NUMBER || buf_str(&a->text, "tokn") != 0) return BAD("input", "'$.input' is invalid.");
  } else if (v->kind != JSON_STRING) return BAD("input", "'$.input' is invalid. Please check the API reference.");
  else if (v->raw.len == 0) return BAD("input", "'$.input' is invalid: it cannot be an empty string.");
  else if (ask_text(a, v) != 0) return -1;
  uint64_t tokens = (a->text.len - before + 3) / 4;
  if (tokens > TOKENS_EACH)
    return BAD("input", "This model's maximum context length is 8192 tokens, however you requested %llu tokens. Please "
               "reduce your prompt.", (unsigned long long)tokens);
  return 0;
}

int embed_ask(Server *s, Dialect d, const JsonValue *body, Ask *a, Reply *p) {
  ask_begin(a, d, body);
  JsonValue model = ask_field(a, "model"), input = ask_field(a, "input"), v;
  if (model.kind != JSON_STRING) return BAD("model", "you must provide a model parameter");
  a->model_name = model.raw;
  a->model = d == OPENAI ? model_find(s, OPENAI, model.raw) : NULL;
  if (d == OPENAI && (a->model == NULL || !(a->model->flags & MODEL_EMBEDDING))) {
    api_error(s, d, p, 404, "invalid_request_error", "model_not_found", NULL,
              "The model `%.*s` does not exist or you do "
              "not have access to it.",
              (int)model.raw.len, model.raw.ptr);
    return -1;
  }
  JsonIter it = json_iter(&input);
  JsonValue first = { 0 };
  if (input.kind == JSON_ARRAY && !json_next(&it, NULL, &first))
    return BAD("input", "'$.input' is invalid: empty array.");
  if (input.kind == JSON_ARRAY && first.kind != JSON_NUMBER) {
    size_t n = 0;
    for (it = json_iter(&input); json_next(&it, NULL, &v); n++)
      if (one_input(s, d, &v, a, p) != 0) return -1;
    if (n > INPUTS_MAX) return BAD("input", "'input' must have at most 2048 items.");
    a->n = (int)n;
  } else if (one_input(s, d, &input, a, p) != 0) return -1;
  if (ask_tokens(a) > TOKENS_ALL) return BAD("input", "Requested more than 300000 tokens in one request.");
  v = ask_field(a, "dimensions");
  double wanted = v.kind == JSON_NUMBER ? strtod(v.raw.ptr, NULL) : DIMENSIONS;
  if (!(wanted >= 1 && wanted <= DIMENSIONS_MAX)) return BAD("dimensions", "'dimensions' must be between 1 and 3072.");
  a->max_tokens = 0;
  a->row = buf_span(&a->text);
  ask_find(a);
  return 0;
}

static void embed(Span text, float *v, size_t n) {
  double sum = 0;
  memset(v, 0, n * sizeof *v);
  for (size_t i = 0; i < text.len;) {
    while (i < text.len && (unsigned char)text.ptr[i] <= ' ') i++;
    size_t from = i;
    while (i < text.len && (unsigned char)text.ptr[i] > ' ') i++;
    for (uint64_t k = 0; i > from && k < 8; k++) {
      uint64_t h = mix_hash(1, span_of(text.ptr + from, i - from), k);
      v[(h >> 1) % n] += h & 1 ? 1.0f : -1.0f;
    }
  }
  for (size_t i = 0; i < n; i++) sum += (double)v[i] * v[i];
  if (sum <= 0) v[0] = 1, sum = 1;
  for (size_t i = 0; i < n; i++) v[i] = (float)(v[i] / sqrt(sum));
}

static void base64(const unsigned char *p, size_t n, Buf *o) {
  static const char LETTER[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < n; i += 3) {
    uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)(i + 1 < n ? p[i + 1] : 0) << 8 | (i + 2 < n ? p[i + 2] : 0);
    char four[4] = { LETTER[v >> 18], LETTER[v >> 12 & 63], i + 1 < n ? LETTER[v >> 6 & 63] : '=',
                     i + 2 < n ? LETTER[v & 63] : '=' };
    buf_add(o, four, 4);
  }
}

static void put_one(const JsonValue *v, int index, size_t n, int as_base64, Buf *scratch, Buf *o) {
  float vector[DIMENSIONS_MAX];
  scratch->len = 0;
  if (buf_reserve(scratch, v->raw.len + 1) != 0) return;
  scratch->len = v->kind == JSON_STRING ? json_decode(v->raw, scratch->ptr) : 0;
  embed(v->kind == JSON_STRING ? buf_span(scratch) : v->raw, vector, n);
  buf_printf(o, "%s{\"object\":\"embedding\",\"index\":%d,\"embedding\":", index ? "," : "", index);
  if (as_base64) {
    buf_char(o, '"');
    base64((const unsigned char *)vector, n * sizeof *vector, o);   /* little-endian, as is every machine we run on */
    buf_str(o, "\"}");
    return;
  }
  for (size_t i = 0; i < n; i++) buf_printf(o, "%c%.9g", i ? ',' : '[', (double)vector[i]);
  buf_str(o, "]}");
}

int embed_answer(Server *s, const Ask *a, const FaultUse *use, int batch, Buf *o) {
  JsonValue input = ask_field(a, "input"), format = ask_field(a, "encoding_format"), v;
  JsonValue wanted = ask_field(a, "dimensions");
  size_t n = wanted.kind == JSON_NUMBER ? (size_t)strtod(wanted.raw.ptr, NULL) : DIMENSIONS;
  int as_base64 = format.kind == JSON_STRING && json_string_is(&format, S("base64")), i = 0;
  Usage u = { .input = ask_tokens(a) };
  buf_str(o, "{\"object\":\"list\",\"data\":[");
  JsonIter it = json_iter(&input);
  if (input.kind == JSON_ARRAY && json_next(&it, NULL, &v) && v.kind != JSON_NUMBER)
    for (it = json_iter(&input); json_next(&it, NULL, &v);) put_one(&v, i++, n, as_base64, &s->scratch, o);
  else put_one(&input, 0, n, as_base64, &s->scratch, o);
  buf_printf(o, "],\"model\":\"%.*s\",\"usage\":{\"prompt_tokens\":%llu,\"total_tokens\":%llu}}",
             (int)a->model_name.len, a->model_name.ptr, (unsigned long long)u.input, (unsigned long long)u.input);
  stats_bill(s, a, &u, batch, fault_loses(use));
  return 0;
}
