/* modules/export/convert.c - see convert.h */
#include "export/convert.h"

#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/list.h"

static const char *const names[EXPORT_FORMAT_COUNT] = {
  "", "messages", "pairs", "alpaca", "sharegpt", "prompt_completion", "preference",
};

const char *export_format_name(ExportFormat f) { return names[f]; }

int export_format_by_name(Span name) {
  for (int f = EXPORT_MESSAGES; f < EXPORT_FORMAT_COUNT; f++)
    if (span_eq(name, span_str(names[f]))) return f;
  return -1;
}

const char *const *export_format_keys(ExportFormat f) {
  static const char *const keys[EXPORT_FORMAT_COUNT][6] = {
    [EXPORT_MESSAGES] = { "messages" },
    [EXPORT_PAIRS] = { "system", "input", "output" },
    [EXPORT_ALPACA] = { "system", "instruction", "input", "output", "history" },
    [EXPORT_SHAREGPT] = { "conversations" },
    [EXPORT_PROMPT_COMPLETION] = { "prompt", "completion" },
    [EXPORT_PREFERENCE] = { "prompt", "chosen", "rejected" },
  };
  return keys[f];
}

/* ---- reading turns ---- */

static ConvertTurn *add_turn(Convert *c, ConvertRole role, Span text, int raw) {
  ConvertTurn *t = LIST_PUSH(c->turn, c->nturns, c->cap);
  if (t != NULL) *t = (ConvertTurn){ .role = role, .text = text, .raw = raw };
  return t;
}

/* The text of a string as it is now: its raw inside, or what an edit made of it. */
static Span text_now(const Row *r, const JsonValue *v, int *raw) {
  const Edit *e = row_edit_at(r, (uint32_t)(v->raw.ptr - row_bytes(r).ptr));
  *raw = e == NULL;
  return e == NULL ? v->raw : e->text;
}

static int role_by_name(const JsonValue *v) {
  static const struct { const char *name; ConvertRole role; } ROLES[] = {
    { "system", CONVERT_SYSTEM }, { "developer", CONVERT_SYSTEM }, { "user", CONVERT_USER },
    { "human", CONVERT_USER }, { "prompter", CONVERT_USER }, { "assistant", CONVERT_ASSISTANT },
    { "gpt", CONVERT_ASSISTANT }, { "model", CONVERT_ASSISTANT }, { "bot", CONVERT_ASSISTANT },
    { "chatgpt", CONVERT_ASSISTANT }, { "bard", CONVERT_ASSISTANT }, { "bing", CONVERT_ASSISTANT },
    { "ai", CONVERT_ASSISTANT },
  };
  for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++)
    if (json_string_is(v, span_str(ROLES[i].name))) return (int)ROLES[i].role;
  return -1;
}

/* The text of a part: a string, or an object's member "text". */
static JsonValue part_text(const JsonValue *part) {
  return part->kind == JSON_OBJECT ? json_get(part, span_str("text")) : *part;
}

static char *append(char *p, Span text, int raw) {
  if (raw) return p + json_decode(text, p);
  memcpy(p, text.ptr, text.len);
  return p + text.len;
}

/* Several parts of text, decoded and joined by line feeds into the row's scratch. */
static int join_parts(Convert *c, const Row *r, const JsonValue *list, Span *out) {
  JsonValue part;
  size_t most = 1;
  int raw;
  for (JsonIter it = json_iter(list); json_next(&it, NULL, &part);) {
    part = part_text(&part);
    if (part.kind == JSON_STRING) most += text_now(r, &part, &raw).len + 1;
    else c->why_not = "a turn holds parts that are no text";
  }
  char *to = scratch_room(r->scratch, most), *p = to;
  if (to == NULL) return -1;
  for (JsonIter it = json_iter(list); c->why_not == NULL && json_next(&it, NULL, &part);) {
    part = part_text(&part);
    if (p > to) *p++ = '\n';
    Span text = text_now(r, &part, &raw);
    p = append(p, text, raw);
  }
  *out = span_of(to, (size_t)(p - to));
  return 0;
}

static int is_key(const JsonValue *key, const char *a, const char *b) {
  return json_string_is(key, span_str(a)) || (b != NULL && json_string_is(key, span_str(b)));
}

/* The members of a turn beside role and text, one after another with their commas, edits in. */
static int copy_extra(Convert *c, const Row *r, const JsonValue *turn, Span *extra) {
  Span line = row_bytes(r);
  JsonValue key, v;
  c->text.len = 0;
  for (JsonIter it = json_iter(turn); json_next(&it, &key, &v);) {
    if (is_key(&key, "role", "from") || is_key(&key, "content", "value")) continue;
    size_t from = (size_t)(key.raw.ptr - line.ptr) - 1;
    size_t end = (size_t)(v.raw.ptr - line.ptr) + v.raw.len + (v.kind == JSON_STRING);
    if (buf_char(&c->text, ',') != 0) return -1;
    if (splice_range(&c->text, line, from, end, c->splice, c->nsplices) != 0) return -1;
  }
  char *copy = scratch_room(r->scratch, c->text.len);
  if (copy == NULL) return -1;
  if (c->text.len > 0) memcpy(copy, c->text.ptr, c->text.len);
  *extra = span_of(copy, c->text.len);
  return 0;
}

static int has_tools(const JsonValue *turn) {
  JsonValue key, v;
  for (JsonIter it = json_iter(turn); json_next(&it, &key, &v);) {
    if (v.kind == JSON_NULL) continue;
    if (is_key(&key, "tool_calls", "function_call") || is_key(&key, "tool_call_id", NULL)) return 1;
  }
  return 0;
}

static int read_turn(Convert *c, const Row *r, const JsonValue *turn, int keep_extra) {
  JsonValue role = { 0 }, text = { 0 }, key, v;
  for (JsonIter it = json_iter(turn); json_next(&it, &key, &v);) {
    if (is_key(&key, "role", "from")) role = v;
    if (is_key(&key, "content", "value")) text = v;
  }
  int who = role_by_name(&role), raw = 0;
  if (has_tools(turn) || who < 0) {
    c->why_not = has_tools(turn) ? "the chat calls tools" : "a turn is neither system's, user's nor assistant's";
    return 0;
  }
  Span now = { 0 }, extra = { 0 };
  if (text.kind == JSON_STRING) now = text_now(r, &text, &raw);
  else if (text.kind == JSON_ARRAY && join_parts(c, r, &text, &now) != 0) return -1;
  if (now.ptr == NULL && c->why_not == NULL) c->why_not = "a turn has no text";
  if (c->why_not != NULL) return 0;
  if (keep_extra && copy_extra(c, r, turn, &extra) != 0) return -1;
  ConvertTurn *t = add_turn(c, (ConvertRole)who, now, raw);
  if (t == NULL) return -1;
  t->extra = extra;
  return 0;
}

/* Is the value a chat: a list of objects, or one object? */
static int is_chat(const JsonValue *v) {
  JsonValue first = { 0 };
  if (v->kind == JSON_OBJECT) return 1;
  JsonIter it = json_iter(v);
  return v->kind == JSON_ARRAY && json_next(&it, NULL, &first) && first.kind == JSON_OBJECT;
}

static int read_chat(Convert *c, const Row *r, const JsonValue *list, int keep_extra) {
  JsonValue turn = *list;
  if (list->kind == JSON_OBJECT) return read_turn(c, r, &turn, keep_extra);
  for (JsonIter it = json_iter(list); json_next(&it, NULL, &turn);) {
    if (turn.kind != JSON_OBJECT) c->why_not = "a turn is no object";
    else if (read_turn(c, r, &turn, keep_extra) != 0) return -1;
    if (c->why_not != NULL) return 0;
  }
  return 0;
}

static int is_turn(const JsonValue *v) {
  return json_get(v, span_str("role")).kind != JSON_NONE || json_get(v, span_str("from")).kind != JSON_NONE;
}

/* The value that holds the byte: a member of the row, or of an object in it that is no turn. What
** stands beside it in such an object has no place elsewhere. */
static JsonValue value_around(Convert *c, const JsonValue *root, const char *byte) {
  JsonValue in = *root, v, found;
  for (int depth = 0;; depth++) {
    size_t members = 0;
    found = (JsonValue){ 0 };
    for (JsonIter it = json_iter(&in); json_next(&it, NULL, &v); members++)
      if (v.raw.ptr <= byte && byte <= v.raw.ptr + v.raw.len) found = v;
    if (depth > 0 && members > 1) c->why_not = "what stands beside the turns has no place";
    if (found.kind != JSON_OBJECT || is_turn(&found)) return found;
    in = found;
  }
}

static ConvertRole role_of(const StringRef *ref) {
  if (ref->field == FIELD_SYSTEM) return CONVERT_SYSTEM;
  return (ref->flags & STRING_ASSISTANT) != 0 || ref->field == FIELD_OUTPUT ? CONVERT_ASSISTANT : CONVERT_USER;
}

/* One string outside a chat. What a format gives the user in several strings (instruction and
** input) is one turn, joined by a line feed; an empty one adds nothing. */
static int read_string(Convert *c, const Row *r, const StringRef *ref) {
  JsonValue v = { .raw = span_of(row_bytes(r).ptr + ref->start, ref->len), .kind = JSON_STRING };
  ConvertTurn *last = c->nturns > 0 ? &c->turn[c->nturns - 1] : NULL;
  int raw;
  Span text = text_now(r, &v, &raw);
  if (last == NULL || last->role != role_of(ref)) return add_turn(c, role_of(ref), text, raw) == NULL ? -1 : 0;
  if (text.len == 0) return 0;
  if (last->text.len == 0) {
    last->text = text;
    last->raw = raw;
    return 0;
  }
  char *to = scratch_room(r->scratch, last->text.len + text.len + 1), *p = to;
  if (to == NULL) return -1;
  p = append(p, last->text, last->raw);
  *p++ = '\n';
  p = append(p, text, raw);
  last->text = span_of(to, (size_t)(p - to));
  last->raw = 0;
  return 0;
}

static int put_system(Convert *c, Span system) {
  for (size_t i = 0; i < c->nturns; i++)
    if (c->turn[i].role == CONVERT_SYSTEM && c->turn[i].text.len > 0) return 0;
  size_t n = 0;
  for (size_t i = 0; i < c->nturns; i++)
    if (c->turn[i].role != CONVERT_SYSTEM) c->turn[n++] = c->turn[i];
  c->nturns = n;
  if (add_turn(c, CONVERT_SYSTEM, system, 0) == NULL) return -1;
  ConvertTurn t = c->turn[n];
  memmove(&c->turn[1], &c->turn[0], n * sizeof t);
  c->turn[0] = t;
  return 0;
}

int convert_read(Convert *c, const Row *r, Span system, int keep_extra) {
  c->nturns = 0;
  c->why_not = NULL;
  c->alternative = row_field(r, FIELD_ALTERNATIVE);
  JsonValue root = json_value(row_bytes(r));
  const StringRef *ref = corpus_row_strings(r->corpus, r->index);
  const char *chat_end = NULL;
  for (size_t i = 0; i < r->corpus->rows[r->index].nstrings && c->why_not == NULL; i++) {
    const char *at = row_bytes(r).ptr + ref[i].start;
    if (ref[i].field == FIELD_ALTERNATIVE || ref[i].field == FIELD_NONE) continue;
    JsonValue member = value_around(c, &root, at);
    if (!is_chat(&member)) {
      if (read_string(c, r, &ref[i]) != 0) return -1;
    } else if (member.raw.ptr + member.raw.len != chat_end) {   /* once for all its strings */
      chat_end = member.raw.ptr + member.raw.len;
      if (read_chat(c, r, &member, keep_extra) != 0) return -1;
    }
  }
  if (c->why_not == NULL && system.ptr != NULL) return put_system(c, system);
  return 0;
}

void convert_free(Convert *c) {
  free(c->turn);
  buf_free(&c->text);
  *c = (Convert){ 0 };
}

/* ---- writing ---- */

static int put_text(Buf *out, Span text, int raw) {
  if (!raw) return json_out_string(out, text);
  if (buf_char(out, '"') != 0 || buf_add(out, text.ptr, text.len) != 0) return -1;
  return buf_char(out, '"');
}

static int put_key(Buf *out, const char *key, int *count) {
  return buf_printf(out, "%s\"%s\":", (*count)++ > 0 ? "," : "", key);
}

static int put_turn(Buf *out, const ConvertTurn *t, int sharegpt) {
  static const char *const ROLES[2][3] = { { "system", "user", "assistant" }, { "system", "human", "gpt" } };
  const char *role = ROLES[sharegpt][t->role];
  int r = buf_printf(out, sharegpt ? "{\"from\":\"%s\",\"value\":" : "{\"role\":\"%s\",\"content\":", role);
  if (r == 0) r = put_text(out, t->text, t->raw);
  if (r == 0 && t->extra.len > 0) r = buf_add(out, t->extra.ptr, t->extra.len);
  return r != 0 ? r : buf_char(out, '}');
}

static int put_turns(Buf *out, const ConvertTurn *t, size_t n, int sharegpt) {
  int r = buf_char(out, '[');
  for (size_t i = 0; r == 0 && i < n; i++) {
    if (i > 0) r = buf_char(out, ',');
    if (r == 0) r = put_turn(out, &t[i], sharegpt);
  }
  return r != 0 ? r : buf_char(out, ']');
}

/* A chat as system, question and answer; the exchanges between stand in `from` to `to`. */
typedef struct Simple {
  const ConvertTurn *system, *question, *answer;   /* system may be NULL */
  size_t from, to;                                  /* turns of earlier exchanges */
} Simple;

/* Does the chat read system?, (user, assistant)*, user, assistant? why_not says what is amiss. */
static Simple simplify(Convert *c) {
  Simple s = { 0 };
  size_t at = 0;
  if (at < c->nturns && c->turn[at].role == CONVERT_SYSTEM) s.system = &c->turn[at++];
  s.from = at;
  for (size_t i = at; i < c->nturns; i++) {
    ConvertRole due = (i - at) % 2 == 0 ? CONVERT_USER : CONVERT_ASSISTANT;
    if (c->turn[i].role != due) c->why_not = "user and assistant do not take turns";
  }
  if ((c->nturns - at) % 2 != 0 || c->nturns == at) c->why_not = "the last turn is not the assistant's";
  if (c->why_not != NULL) return s;
  s.to = c->nturns - 2;
  s.question = &c->turn[s.to];
  s.answer = &c->turn[s.to + 1];
  return s;
}

static int put_member(Buf *out, const char *key, const ConvertTurn *t, int *count) {
  return put_key(out, key, count) != 0 ? -1 : put_text(out, t->text, t->raw);
}

static int write_pairs(Convert *c, Buf *out) {
  Simple s = simplify(c);
  int n = 0;
  if (c->why_not == NULL && s.from < s.to) c->why_not = "the chat has more than one exchange";
  if (c->why_not != NULL) return 0;
  if (s.system != NULL && put_member(out, "system", s.system, &n) != 0) return -1;
  return put_member(out, "input", s.question, &n) != 0 ? -1 : put_member(out, "output", s.answer, &n);
}

static int write_history(Convert *c, const Simple *s, Buf *out, int *n) {
  if (put_key(out, "history", n) != 0 || buf_char(out, '[') != 0) return -1;
  for (size_t i = s->from; i < s->to; i += 2) {
    if (buf_str(out, i > s->from ? ",[" : "[") != 0) return -1;
    if (put_text(out, c->turn[i].text, c->turn[i].raw) != 0 || buf_char(out, ',') != 0) return -1;
    if (put_text(out, c->turn[i + 1].text, c->turn[i + 1].raw) != 0 || buf_char(out, ']') != 0) return -1;
  }
  return buf_char(out, ']');
}

static int write_alpaca(Convert *c, Buf *out) {
  Simple s = simplify(c);
  int n = 0;
  if (c->why_not != NULL) return 0;
  if (s.system != NULL && put_member(out, "system", s.system, &n) != 0) return -1;
  if (put_member(out, "instruction", s.question, &n) != 0) return -1;
  if (put_key(out, "input", &n) != 0 || buf_str(out, "\"\"") != 0) return -1;
  if (put_member(out, "output", s.answer, &n) != 0) return -1;
  return s.from < s.to ? write_history(c, &s, out, &n) : 0;
}

int convert_needs_turns(const Convert *c, ExportFormat to) {
  if (to != EXPORT_PROMPT_COMPLETION && to != EXPORT_PREFERENCE) return 0;
  return c->nturns != 2 || c->turn[0].role != CONVERT_USER || c->turn[1].role != CONVERT_ASSISTANT;
}

/* prompt and completion, or prompt, chosen and rejected: as strings or as lists of turns. */
static int write_prompt(Convert *c, ExportFormat to, int as_turns, Buf *out) {
  const char *answer = to == EXPORT_PREFERENCE ? "chosen" : "completion";
  int n = 0;
  if (c->nturns < 2 || c->turn[c->nturns - 1].role != CONVERT_ASSISTANT) c->why_not = "the last turn is not the assistant's";
  if (to == EXPORT_PREFERENCE && c->alternative.ptr == NULL) c->why_not = "the row has no second answer";
  if (c->why_not != NULL) return 0;
  const ConvertTurn *last = &c->turn[c->nturns - 1];
  ConvertTurn other = { .role = CONVERT_ASSISTANT, .text = c->alternative };
  if (put_key(out, "prompt", &n) != 0) return -1;
  if ((as_turns ? put_turns(out, c->turn, c->nturns - 1, 0) : put_text(out, c->turn[0].text, c->turn[0].raw)) != 0) return -1;
  if (put_key(out, answer, &n) != 0) return -1;
  if ((as_turns ? put_turns(out, last, 1, 0) : put_text(out, last->text, last->raw)) != 0) return -1;
  if (to != EXPORT_PREFERENCE) return 0;
  if (put_key(out, "rejected", &n) != 0) return -1;
  return as_turns ? put_turns(out, &other, 1, 0) : put_text(out, other.text, 0);
}

static int write_chat(const Convert *c, int sharegpt, Buf *out) {
  int n = 0;
  if (put_key(out, sharegpt ? "conversations" : "messages", &n) != 0) return -1;
  return put_turns(out, c->turn, c->nturns, sharegpt);
}

int convert_write(Convert *c, ExportFormat to, int as_turns, Buf *out) {
  if (c->why_not != NULL) return 0;
  switch (to) {
    case EXPORT_MESSAGES: case EXPORT_SHAREGPT: return write_chat(c, to == EXPORT_SHAREGPT, out);
    case EXPORT_PAIRS: return write_pairs(c, out);
    case EXPORT_ALPACA: return write_alpaca(c, out);
    default: return write_prompt(c, to, as_turns, out);
  }
}
