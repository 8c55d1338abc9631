/* modules/rules/chat.c - see chat.h */
#include "rules/chat.h"

#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "corpus/json.h"
#include "rules/rules.h"

const char *const chat_signs[CHAT_SIGNS] = { "empty_turn", "literal_null", "role_order", "no_user",
                                             "last_not_assistant", "call_without_result", "result_without_call", "bad_arguments" };

typedef enum Role { ROLE_OTHER, ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL, ROLE_CALL } Role;

/* As chats of the field spell them: OpenAI, ShareGPT, Gemini. */
static const struct { const char *name; Role role; } ROLES[] = {
  { "system", ROLE_SYSTEM }, { "developer", ROLE_SYSTEM }, { "user", ROLE_USER }, { "human", ROLE_USER },
  { "assistant", ROLE_ASSISTANT }, { "gpt", ROLE_ASSISTANT }, { "model", ROLE_ASSISTANT }, { "bot", ROLE_ASSISTANT },
  { "chatgpt", ROLE_ASSISTANT }, { "tool", ROLE_TOOL }, { "function", ROLE_TOOL }, { "observation", ROLE_TOOL },
  { "function_response", ROLE_TOOL }, { "function_call", ROLE_CALL } };

static JsonValue member(const JsonValue *v, const char *a, const char *b) {
  JsonValue got = json_get(v, span_str(a));
  return got.kind == JSON_NONE ? json_get(v, span_str(b)) : got;
}

static Role role_of(const JsonValue *turn) {
  JsonValue name = member(turn, "role", "from");
  if (name.kind != JSON_STRING) return ROLE_OTHER;
  for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++)
    if (json_string_is(&name, span_str(ROLES[i].name))) return ROLES[i].role;
  return ROLE_OTHER;
}

typedef struct Reader {
  const Span *literal;
  size_t nliterals, turn, calls, results, open;   /* open: calls that wait for a result */
  Buf ids;               /* of the calls that wait, quoted as they stand, a line each */
  JsonDoc doc;
  Buf text;
  ChatFaults *out;
  int failed;
} Reader;

static void fault(Reader *r, ChatSign sign) {
  if (r->out->n[sign]++ == 0) r->out->turn[sign] = r->turn;
}

/* ---- content ---- */

static Span decoded(Reader *r, const JsonValue *v) {
  r->text.len = 0;
  if (buf_reserve(&r->text, v->raw.len + 1) != 0) {
    r->failed = 1;
    return span_of("", 0);
  }
  return span_of(r->text.ptr, json_decode(v->raw, r->text.ptr));
}

static Span trimmed(Span t) {
  while (t.len > 0 && rules_blank(t.ptr[0])) t.ptr++, t.len--;
  while (t.len > 0 && rules_blank(t.ptr[t.len - 1])) t.len--;
  return t;
}

/* A list of parts is content where it has a part. */
static int has_content(Reader *r, const JsonValue *v) {
  if (v->kind == JSON_ARRAY) {
    JsonIter it = json_iter(v);
    JsonValue part;
    return json_next(&it, NULL, &part);
  }
  if (v->kind != JSON_STRING) return 0;
  Span t = trimmed(decoded(r, v));
  for (size_t i = 0; i < r->nliterals; i++)
    if (t.len == r->literal[i].len && rules_begins(t, r->literal[i])) fault(r, CHAT_LITERAL);
  return t.len > 0;
}

/* ---- calls ---- */

static void check_arguments(Reader *r, const JsonValue *call) {
  JsonValue function = json_get(call, span_str("function"));
  JsonValue arguments = json_get(function.kind == JSON_OBJECT ? &function : call, span_str("arguments"));
  if (arguments.kind != JSON_STRING) return;
  JsonStatus status = json_check(&r->doc, decoded(r, &arguments), 0);
  if (status == JSON_NO_MEMORY) r->failed = 1;
  if (status != JSON_OK || r->doc.root.kind != JSON_OBJECT) fault(r, CHAT_ARGUMENTS);
}

static void add_id(Reader *r, const JsonValue *id) {
  r->open++;
  if (id->kind == JSON_STRING && (buf_add(&r->ids, id->raw.ptr, id->raw.len) != 0 || buf_char(&r->ids, '\n') != 0))
    r->failed = 1;
}

/* Takes the id off those that wait; was it there? */
static int take_id(Reader *r, Span id) {
  for (size_t at = 0; at < r->ids.len;) {
    char *line = r->ids.ptr + at, *end = memchr(line, '\n', r->ids.len - at);
    size_t len = (size_t)(end - line);
    if (span_eq(span_of(line, len), id)) {
      memmove(line, end + 1, r->ids.len - at - len - 1);
      r->ids.len -= len + 1;
      return 1;
    }
    at += len + 1;
  }
  return 0;
}

static size_t read_calls(Reader *r, const JsonValue *turn) {
  JsonValue list = json_get(turn, span_str("tool_calls")), call;
  size_t n = 0;
  for (JsonIter it = json_iter(&list); json_next(&it, NULL, &call); n++) {
    JsonValue id = json_get(&call, span_str("id"));
    check_arguments(r, &call);
    add_id(r, &id);
  }
  call = json_get(turn, span_str("function_call"));
  if (call.kind == JSON_OBJECT) {
    n++;
    check_arguments(r, &call);
    add_id(r, &(JsonValue){ .kind = JSON_NONE });
  }
  return n;
}

static void read_result(Reader *r, const JsonValue *turn) {
  JsonValue id = json_get(turn, span_str("tool_call_id"));
  int known = r->open > 0 && (id.kind != JSON_STRING || r->ids.len == 0 || take_id(r, id.raw));
  if (known) r->open--;
  else fault(r, CHAT_RESULT);
}

static void end_calls(Reader *r) {
  if (r->open > 0) fault(r, CHAT_CALL);
  r->open = 0;
  r->ids.len = 0;
}

/* ---- turns ---- */

/* Turns of tools stand between; a system turn belongs first. */
static void check_order(Reader *r, Role before, Role role) {
  int late = role == ROLE_SYSTEM && r->turn > 0 && before != ROLE_SYSTEM;
  int twice = role == before && (role == ROLE_USER || role == ROLE_ASSISTANT);
  if (late || twice) fault(r, CHAT_ORDER);
}

static Role read_turn(Reader *r, const JsonValue *turn, Role before) {
  Role role = role_of(turn);
  if (role != ROLE_TOOL) end_calls(r);
  size_t calls = read_calls(r, turn);
  JsonValue content = member(turn, "content", "value");
  if (!has_content(r, &content) && calls == 0 && role != ROLE_TOOL) fault(r, CHAT_EMPTY);
  if (role == ROLE_CALL) add_id(r, &(JsonValue){ .kind = JSON_NONE });
  if (role == ROLE_TOOL) read_result(r, turn);
  check_order(r, before, role);
  return role;
}

int chat_read(Span turns, const Span *literals, size_t n, ChatFaults *out) {
  Reader r = { .literal = literals, .nliterals = n, .out = out };
  JsonValue list = json_value(turns), turn;
  Role last = ROLE_OTHER;
  int user = 0;
  *out = (ChatFaults){ 0 };
  for (JsonIter it = json_iter(&list); json_next(&it, NULL, &turn); r.turn++) {
    if (turn.kind != JSON_OBJECT) continue;
    last = read_turn(&r, &turn, last);
    user |= last == ROLE_USER;
  }
  if (r.turn > 0) r.turn--;
  end_calls(&r);
  if (!user) fault(&r, CHAT_NO_USER);
  if (last != ROLE_ASSISTANT) fault(&r, CHAT_LAST);
  buf_free(&r.ids);
  buf_free(&r.text);
  json_doc_free(&r.doc);
  return r.failed ? -1 : 0;
}

/* ---- the operator ---- */

enum { MAX_KEYS = 4 };

typedef struct ChatOp {
  RowOp op;
  double most[CHAT_SIGNS];
  size_t nkeys, n;
  char *bytes;
  Span key[MAX_KEYS], literal[RULES_MAX_WORDS];
} ChatOp;

static int reject(Out *out, ChatSign sign, Span key, const ChatFaults *f, double most) {
  Buf b = { 0 };
  int bad = buf_str(&b, "{\"field\":") != 0 || json_out_string(&b, key) != 0 ||
            buf_printf(&b, ",\"value\":%zu,\"threshold\":", f->n[sign]) != 0 || evidence_number(&b, most) != 0 ||
            buf_str(&b, ",\"path\":\"") != 0 || buf_add(&b, key.ptr, key.len) != 0 ||
            buf_printf(&b, "[%zu]\"}", f->turn[sign]) != 0;
  int r = bad ? -1 : out_reject_json(out, chat_signs[sign], buf_span(&b));
  buf_free(&b);
  return r;
}

static int run(const RowOp *op, Row *row, Out *out) {
  const ChatOp *c = (const ChatOp *)op;
  if (!row_is_json(row)) return 0;
  JsonValue root = json_value(row_bytes(row)), list = { .kind = JSON_NONE };
  size_t k = 0;
  for (; k < c->nkeys; k++)
    if ((list = json_get(&root, c->key[k])).kind == JSON_ARRAY) break;
  if (list.kind != JSON_ARRAY) return 0;
  ChatFaults f;
  if (chat_read(list.raw, c->literal, c->n, &f) != 0) return -1;
  for (int s = 0; s < CHAT_SIGNS; s++) {
    if (out_metric(out, s, (double)f.n[s]) != 0) return -1;
    if ((double)f.n[s] > c->most[s] && reject(out, (ChatSign)s, c->key[k], &f, c->most[s]) != 0) return -1;
  }
  return 0;
}

static void destroy(RowOp *op) {
  free(((ChatOp *)op)->bytes);
  free(op);
}

static Span keep(char **at, Span s) {
  memcpy(*at, s.ptr, s.len);
  *at += s.len;
  return span_of(*at - s.len, s.len);
}

RowOp *chat_op(const Span *keys, size_t nkeys, const double most[CHAT_SIGNS], const Span *literals, size_t n,
               Error *err) {
  if (nkeys > MAX_KEYS || n > RULES_MAX_WORDS) {
    error_set(err, "at most %d keys and %d literals are allowed", MAX_KEYS, RULES_MAX_WORDS);
    return NULL;
  }
  size_t bytes = 1;
  for (size_t i = 0; i < nkeys; i++) bytes += keys[i].len;
  for (size_t i = 0; i < n; i++) bytes += literals[i].len;
  ChatOp *c = calloc(1, sizeof *c);
  char *at = malloc(bytes);
  if (c == NULL || at == NULL) {
    free(c);
    free(at);
    error_memory(err);
    return NULL;
  }
  rowop_init(&c->op, run, destroy);
  c->bytes = at;
  memcpy(c->most, most, sizeof c->most);
  for (; c->nkeys < nkeys; c->nkeys++) c->key[c->nkeys] = keep(&at, keys[c->nkeys]);
  for (; c->n < n; c->n++) c->literal[c->n] = keep(&at, literals[c->n]);
  for (int s = 0; s < CHAT_SIGNS; s++)
    if (rowop_add_metric(&c->op, chat_signs[s]) < 0) {
      error_memory(err);
      rowop_unref(&c->op);
      return NULL;
    }
  return &c->op;
}
