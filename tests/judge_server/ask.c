/* ask.c - what a prompt asks: which row stands in its fence, which id it wants echoed, how many tokens it is;
** and the judge, whose scores are a function of the row alone: planted markers, else a hash.
**
** A fence is a pair of short lines (four words at most) that share a run of twelve or more letters and digits; the
** row is what stands between the first such line and the last that has its run. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "hash/hash.h"
#include "server.h"

void ask_begin(Ask *a, Dialect d, const JsonValue *body) {
  Buf text = a->text;
  JsonMember m;
  text.len = 0;
  *a = (Ask){ .dialect = d, .text = text, .n = 1 };
  for (JsonIter it = json_iter(body); a->nfields < FIELDS_MAX && json_next(&it, &m.key, &m.value);)
    a->field[a->nfields++] = m;
}

JsonValue ask_field(const Ask *a, const char *name) {
  for (size_t i = a->nfields; i-- > 0;)
    if (json_string_is(&a->field[i].key, span_str(name))) return a->field[i].value;
  return (JsonValue){ 0 };
}

void json_pick(const JsonValue *object, const char *const *name, size_t n, JsonValue *out) {
  JsonValue key, v;
  memset(out, 0, n * sizeof *out);
  for (JsonIter it = json_iter(object); json_next(&it, &key, &v);)
    for (size_t i = 0; i < n; i++)
      if (json_string_is(&key, span_str(name[i]))) out[i] = v;
}

void ask_free(Ask *a) { buf_free(&a->text); }

int ask_text(Ask *a, const JsonValue *string) {
  if (buf_reserve(&a->text, string->raw.len + 1) != 0) return -1;
  a->text.len += json_decode(string->raw, a->text.ptr + a->text.len);
  return buf_char(&a->text, '\n');
}

uint64_t mix_hash(uint64_t seed, Span text, uint64_t n) {
  uint64_t h = hash_xxh3(text) ^ (seed + 0x9E3779B97F4A7C15u) ^ n * 0xD6E8FEB86659FD93u;
  h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9u;   /* splitmix64's finalizer */
  h = (h ^ h >> 27) * 0x94D049BB133111EBu;
  return h ^ h >> 31;
}

double unit_of(uint64_t hash) { return (double)(hash >> 11) * 0x1p-53; }

/* ---- row, id, markers ---- */

int marker_next(Span text, const char *word, size_t *at, Span *args) {
  size_t n = strlen(word);
  const char *end = text.ptr + text.len;
  for (const char *p; *at < text.len && (p = memmem(text.ptr + *at, text.len - *at, "[[", 2)) != NULL;) {
    *at = (size_t)(p - text.ptr) + 2;
    if (text.len - *at < n + 2 || memcmp(p + 2, word, n) != 0 || (p[2 + n] != ' ' && p[2 + n] != ']')) continue;
    const char *stop = memmem(p + 2 + n, (size_t)(end - p) - 2 - n, "]]", 2);
    if (stop == NULL) return 0;
    *args = span_of(p + 2 + n, (size_t)(stop - p) - 2 - n);
    *at = (size_t)(stop - text.ptr) + 2;
    return 1;
  }
  return 0;
}

Span word_next(Span *args) {
  const char *p = args->ptr, *end = p + args->len;
  while (p < end && *p == ' ') p++;
  const char *a = p;
  while (p < end && *p != ' ') p++;
  *args = span_of(p, (size_t)(end - p));
  return span_of(a, (size_t)(p - a));
}

static Span line_at(Span text, size_t at) {
  const char *p = text.ptr + at, *nl = memchr(p, '\n', text.len - at);
  return span_of(p, nl ? (size_t)(nl - p) : text.len - at);
}

/* The run of letters and digits that marks a line as one of a fence; absent if it is none. */
static Span fence_run(Span line) {
  Span best = { 0 };
  int words = 0;
  if (line.len > 200 || (line.len > 3 && memcmp(line.ptr, "id:", 3) == 0)) return best;
  for (size_t i = 0, from = 0; i <= line.len; i++) {
    int c = i < line.len ? (unsigned char)line.ptr[i] : ' ';
    if (c == ' ') words += i > 0 && line.ptr[i - 1] != ' ';
    if (isalnum(c)) continue;
    if (i - from >= 12 && i - from > best.len) best = span_of(line.ptr + from, i - from);
    from = i + 1;
  }
  return words <= 4 ? best : (Span){ 0 };
}

static int has(Span text, Span part) { return memmem(text.ptr, text.len, part.ptr, part.len) != NULL; }

static Span find_row(Span user) {
  for (size_t at = 0; at < user.len;) {
    Span line = line_at(user, at), run = fence_run(line);
    size_t from = at + line.len + 1, to = 0;
    at = from;
    if (run.ptr == NULL || from >= user.len) continue;
    for (size_t i = from; i < user.len;) {
      const char *hit = memmem(user.ptr + i, user.len - i, run.ptr, run.len);
      if (hit == NULL) break;
      size_t start = (size_t)(hit - user.ptr);
      while (start > from && user.ptr[start - 1] != '\n') start--;
      Span l = line_at(user, start), other = fence_run(l);
      if (other.ptr != NULL && has(l, run)) to = start;
      i = start + l.len + 1;
    }
    if (to > from) return span_of(user.ptr + from, to - from - 1);
  }
  return user;
}

/* The last line "id: VALUE". */
static Span find_id(Span user) {
  for (size_t end = user.len; end > 0;) {
    size_t at = end;
    while (at > 0 && user.ptr[at - 1] != '\n') at--;
    Span line = span_of(user.ptr + at, end - at);
    if (line.len > 4 && memcmp(line.ptr, "id: ", 4) == 0) {
      size_t n = 4;
      while (n < line.len && (isalnum((unsigned char)line.ptr[n]) || line.ptr[n] == '-' || line.ptr[n] == '_')) n++;
      if (n > 4) return span_of(line.ptr + 4, n - 4);
    }
    end = at > 0 ? at - 1 : 0;
  }
  return (Span){ 0 };
}

/* Does the row ask the judge for a 5, as a canary does? */
static int asks_for_five(Span row) {
  static const char *const WORDS[] = { "score", "rate", "rating", "give", "giving", "answer", "assign",
                                       "deserve", "mark", "correctness", "overall" };
  for (size_t i = 1; i < row.len; i++) {
    if (row.ptr[i] != '5' || isalnum((unsigned char)row.ptr[i - 1])) continue;
    if (i + 1 < row.len && isalnum((unsigned char)row.ptr[i + 1])) continue;
    char near[64];
    size_t n = i < 48 ? i : 48;
    for (size_t j = 0; j < n; j++) near[j] = (char)tolower((unsigned char)row.ptr[i - n + j]);
    for (size_t w = 0; w < sizeof WORDS / sizeof *WORDS; w++)
      if (memmem(near, n, WORDS[w], strlen(WORDS[w])) != NULL) return 1;
  }
  return 0;
}

void ask_find(Ask *a) {
  Span user = span_of(a->text.ptr + a->user_at, a->text.len - a->user_at), args;
  if (user.ptr == NULL) user = span_of("", 0);
  a->row = find_row(user);
  a->id = find_id(user);
  if (a->row.ptr == user.ptr && a->id.ptr != NULL)   /* no fence: the row is what stands before the id */
    a->row.len = (size_t)(a->id.ptr - user.ptr) - 4;
  size_t at = 0;
  if (marker_next(a->row, "row", &at, &args)) {
    Span name = word_next(&args);
    snprintf(a->key, sizeof a->key, "%.*s", name.len < 90 ? (int)name.len : 90, name.ptr);
  } else snprintf(a->key, sizeof a->key, "%016llx", (unsigned long long)hash_xxh3(a->row));
  at = 0;
  if (marker_next(a->row, "score", &at, &args)) a->scores = args;
  else a->five = asks_for_five(a->row);
}

/* ---- tokens ---- */

uint64_t ask_tokens(const Ask *a) { return (a->text.len + a->extra + 3) / 4; }

static CacheEntry *cache_find(Server *s, uint64_t hash) {
  CacheEntry *oldest = &s->cache[0];
  for (size_t i = 0; i < 256; i++) {
    if (s->cache[i].hash == hash) return &s->cache[i];
    if (s->cache[i].until < oldest->until) oldest = &s->cache[i];
  }
  *oldest = (CacheEntry){ .hash = hash };
  return oldest;
}

/* Marked prefixes are read if they were written within their time, else written. Prefixes below the model's
** floor silently are neither. */
void ask_count(Server *s, const Ask *a, Usage *u) {
  uint64_t now = now_ns(), all = ask_tokens(a), read = 0, written = 0;
  uint32_t ttl = 300;
  for (size_t i = 0; i < a->nmarks; i++) {
    uint64_t tokens = (a->mark[i] + 3) / 4;
    if (a->model == NULL || tokens < a->model->cache_floor) continue;
    CacheEntry *e = cache_find(s, mix_hash(a->model->cache_floor, span_of(a->text.ptr, a->mark[i]), a->mark[i]));
    if (e->until > now) read = tokens;
    written = tokens;
    ttl = a->mark_ttl[i];
    e->until = now + (uint64_t)ttl * 1000000000u;
  }
  u->read = read;
  u->write = written - read;
  u->write_1h = ttl > 300 ? u->write : 0;
  u->input = all - u->read - u->write;
}

/* ---- the judge ---- */

double ask_score(Server *s, const Ask *a, Span dimension) {
  Span args = a->scores, w;
  double all = -1;
  while (args.ptr != NULL && (w = word_next(&args)).len > 0) {
    const char *eq = memchr(w.ptr, '=', w.len);
    if (eq == NULL) all = strtod(w.ptr, NULL);
    else if (span_eq(span_of(w.ptr, (size_t)(eq - w.ptr)), dimension)) return strtod(eq + 1, NULL);
  }
  if (all >= 0) return all;
  if (a->five) return unit_of(mix_hash(s->config.seed, a->row, 5)) < s->config.canary ? 5 : 1;
  return 1 + (double)(mix_hash(0, a->row, hash_xxh3(dimension)) % 5);
}

/* Without a schema: the keys that a rubric asks for, in its order. */
int ask_judge(Server *s, const Ask *a, Buf *out) {
  if (a->schema.kind == JSON_OBJECT) return schema_fill(s, a, &a->schema, out);
  double sum = 0;
  int one = 0;
  buf_char(out, '{');
  if (a->id.ptr != NULL) {
    buf_str(out, "\"id\":");
    json_out_string(out, a->id);
    buf_char(out, ',');
  }
  buf_printf(out, "\"reasoning\":\"The answer has %zu bytes and was judged by rule.\"", a->row.len);
  for (size_t i = 0; i < s->config.ndimensions; i++) {
    Span d = s->config.dimensions[i];
    double score = ask_score(s, a, d);
    sum += score;
    one |= score <= 1;
    buf_printf(out, ",\"%.*s\":%d", (int)d.len, d.ptr, (int)score);
  }
  double mean = s->config.ndimensions > 0 ? sum / (double)s->config.ndimensions : 0;
  return buf_printf(out, ",\"overall\":%.2f,\"exclude\":%s}", mean, one || mean < 3 ? "true" : "false");
}
