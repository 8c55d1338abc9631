/* modules/corpus/detect.c - which format do the rows of a file have, and which keys?
** Judged by the first hundred rows that are objects: the format that most of them fit. */
#include <stdio.h>
#include <stdlib.h>

#include "corpus/reader.h"
#include "corpus/source.h"

/* ---- the sample ---- */

static int add_if_object(JsonDoc *doc, Span row, uint64_t max_line, Sample *out) {
  out->lines++;
  if (row.len > max_line) return 0;
  JsonStatus status = json_check(doc, row, 0);
  if (status == JSON_NO_MEMORY) return -1;
  out->not_utf8 += status == JSON_NOT_UTF8;
  out->malformed += status == JSON_MALFORMED;
  if (status == JSON_OK && doc->root.kind == JSON_OBJECT) out->row[out->n++] = row;
  return 0;
}

int source_sample(const Source *s, uint64_t max_line, Sample *out) {
  const struct SourceImpl *impl = s->impl;
  const char *p = s->bytes + impl->start, *end = s->bytes + impl->stop;
  JsonDoc doc = { 0 };
  int r = 0;
  out->n = out->lines = out->not_utf8 = out->malformed = 0;
  for (size_t i = 0; impl->table && r == 0 && i < impl->records.n && out->n < SAMPLE_ROWS; i++) {
    const Record *rec = &impl->records.record[i];
    if (!rec->ragged) r = add_if_object(&doc, span_of(s->bytes + rec->offset, rec->len), max_line, out);
    else out->lines++, out->malformed++;
  }
  while (!impl->table && r == 0 && p < end && out->n < SAMPLE_ROWS) {
    Span line = next_line(&p, end);
    if (!line_is_blank(line)) r = add_if_object(&doc, line, max_line, out);
  }
  json_doc_free(&doc);
  return r;
}

/* ---- keys ---- */

static char *copy_text(Span s) {
  char *copy = malloc(s.len + 1);
  if (copy == NULL) return NULL;
  memcpy(copy, s.ptr, s.len);
  copy[s.len] = '\0';
  return copy;
}

/* The decoded text of a string, or the bytes of another value, cut to 80 bytes of whole characters. */
static char *example_of(const JsonValue *v) {
  Span raw = v->raw;
  char *text = malloc(raw.len + 1);
  if (text == NULL) return NULL;
  if (v->kind == JSON_STRING) raw.len = json_decode(raw, text);
  else memcpy(text, raw.ptr, raw.len);
  if (raw.len > 80) {
    raw.len = 80;
    while (raw.len > 0 && ((unsigned char)text[raw.len] & 0xC0) == 0x80) raw.len--;
  }
  text[raw.len] = '\0';
  return text;
}

enum { MAX_KEYS = 256 };

typedef struct Keys { Sniff *out; size_t cap; size_t *seen_in; size_t row; } Keys;   /* seen_in: [cap] */

static int note_key(Keys *k, Span name, const JsonValue *v) {
  Sniff *s = k->out;
  uint8_t kind = v->kind == JSON_FALSE ? JSON_TRUE : v->kind;
  size_t i = 0;
  while (i < s->nkeys && !span_eq(span_str(s->key[i].name), name)) i++;
  if (i == MAX_KEYS || (i < s->nkeys && k->seen_in[i] == k->row)) return 0;
  if (i == s->nkeys) {
    char *copy = copy_text(name);
    if (copy == NULL) return -1;
    s->key[s->nkeys++] = (SniffKey){ .name = copy, .kind = kind };
  }
  SniffKey *key = &s->key[i];
  k->seen_in[i] = k->row;
  key->share += 1;
  if (v->kind == JSON_NULL) return 0;
  if (key->kind == JSON_NULL) key->kind = kind;
  if (key->kind != kind) key->kind = JSON_NONE;
  if (key->example == NULL) key->example = example_of(v);
  return key->example == NULL ? -1 : 0;
}

/* A member, and the members of the object it may be: metadata.queue. */
static int note_member(Keys *k, const JsonMember *m) {
  Buf name = { 0 };
  JsonValue key, v;
  if (buf_reserve(&name, m->key.raw.len + 1) != 0) return -1;
  name.len = json_decode(m->key.raw, name.ptr);
  size_t outer = name.len;
  int r = note_key(k, buf_span(&name), &m->value);
  for (JsonIter it = json_iter(&m->value); r == 0 && m->value.kind == JSON_OBJECT && json_next(&it, &key, &v);) {
    name.len = outer;
    r = buf_char(&name, '.');
    if (r == 0) r = buf_reserve(&name, key.raw.len + 1);
    if (r != 0) break;
    name.len += json_decode(key.raw, name.ptr + name.len);
    r = note_key(k, buf_span(&name), &v);
  }
  buf_free(&name);
  return r;
}

static int sniff_keys(const Sample *sample, Sniff *out) {
  Keys k = { .out = out, .cap = MAX_KEYS };
  JsonDoc doc = { 0 };
  int r = 0;
  out->rows = sample->n;
  out->key = calloc(MAX_KEYS, sizeof *out->key);
  k.seen_in = calloc(MAX_KEYS, sizeof *k.seen_in);
  if (out->key == NULL || k.seen_in == NULL) r = -1;
  for (k.row = 1; r == 0 && k.row <= sample->n; k.row++) {
    if (json_check(&doc, sample->row[k.row - 1], 0) != JSON_OK) r = -1;
    for (size_t m = 0; r == 0 && m < doc.nmembers; m++) r = note_member(&k, &doc.member[m]);
  }
  for (size_t i = 0; i < out->nkeys; i++) out->key[i].share /= (double)sample->n;
  json_doc_free(&doc);
  free(k.seen_in);
  return r;
}

void sniff_free(Sniff *s) {
  for (size_t i = 0; i < s->nkeys; i++) {
    free(s->key[i].name);
    free(s->key[i].example);
  }
  free(s->key);
  free(s->reason);
  *s = (Sniff){ 0 };
}

/* ---- formats ---- */

static int fits(RowState s) { return s != ROW_MISSING_FIELD && s != ROW_FIELD_TYPE && s != ROW_NOT_AN_OBJECT; }

/* How many rows fit; *first is the first that does. -1 if out of memory. */
static int count_fitting(const Format *f, const Sample *sample, size_t *first) {
  JsonDoc doc = { 0 };
  FormatRow row = { 0 };
  int n = 0;
  for (size_t i = 0; n >= 0 && i < sample->n; i++) {
    if (json_check(&doc, sample->row[i], 0) != JSON_OK || format_walk(f, sample->row[i], &doc, &row) != 0) n = -1;
    else if (fits(row.state) && n++ == 0) *first = i;
  }
  json_doc_free(&doc);
  format_row_free(&row);
  return n;
}

static char *word_reason(const Format *f, const Sample *sample, int n, size_t first) {
  JsonDoc doc = { 0 };
  Buf b = { 0 };
  int r = json_check(&doc, sample->row[first], 0) != JSON_OK;
  if (r == 0 && sample->n == 1) r = buf_str(&b, "the first row has ");
  else if (r == 0) r = buf_printf(&b, "%d of the first %zu rows have ", n, sample->n);
  if (r == 0) r = format_describe(f, &doc, &b);
  if (r == 0) r = buf_char(&b, '\0');
  json_doc_free(&doc);
  if (r != 0) buf_free(&b);
  return b.ptr;
}

/* The format that most rows fit, the first of equals; NULL if none fits any. 0; -1: out of memory. */
static int choose_format(const Sample *sample, Format *const *formats, size_t nformats,
                         Format **best, char **reason) {
  int most = 0;
  size_t first = 0;
  *best = NULL;
  *reason = NULL;
  for (size_t i = 0; i < nformats; i++) {
    size_t at = 0;
    int n = count_fitting(formats[i], sample, &at);
    if (n < 0) return -1;
    if (n > most) *best = formats[i], most = n, first = at;
  }
  if (*best == NULL) return 0;
  *reason = word_reason(*best, sample, most, first);
  return *reason == NULL ? -1 : 0;
}

int source_detect(Source *s, Format *const *formats, size_t nformats, uint64_t max_line, Error *err) {
  Sample *sample = malloc(sizeof *sample);
  Format *best = NULL;
  char *reason = NULL;
  int r = sample == NULL ? -1 : source_sample(s, max_line, sample);
  if (r == 0) r = choose_format(sample, formats, nformats, &best, &reason);
  if (r == 0 && best == NULL && sample->n == 0 && nformats > 0) {
    best = formats[0];
    reason = strdup("there is no row to tell by");
  }
  int empty = sample == NULL || sample->n == 0;
  free(sample);
  if (r != 0) return error_memory(err);
  if (best == NULL) return empty ? error_set(err, "%s: there is no format to try", s->path)
                                 : source_misfit(s, max_line, "the rows fit none of the known formats", err);
  s->fmt = format_ref(best);
  s->format = strdup(format_name(best));
  s->format_reason = reason;
  return s->format == NULL || reason == NULL ? error_memory(err) : 0;
}

/* ---- words for rows that fit nothing ---- */

static int put_keys(Buf *b, const Sniff *keys) {
  int r = buf_str(b, keys->nkeys > 0 ? "; keys found: " : "; no keys found");
  for (size_t i = 0, n = 0; r == 0 && i < keys->nkeys; i++) {
    if (strchr(keys->key[i].name, '.') != NULL) continue;   /* within another */
    if (n == 12) return buf_str(b, " …");
    r = buf_printf(b, "%s%.60s (%s)", n++ > 0 ? ", " : "", keys->key[i].name, json_kind_name(keys->key[i].kind));
  }
  return r;
}

/* An example of a mapping: the first keys that hold text. */
static int put_mapping(Buf *b, const Sniff *keys) {
  const char *text[2] = { NULL, NULL };
  for (size_t i = 0, n = 0; i < keys->nkeys && n < 2; i++)
    if (keys->key[i].kind == JSON_STRING) text[n++] = keys->key[i].name;
  if (text[0] == NULL) return 0;
  if (text[1] == NULL) return buf_printf(b, "; name them with fields = { output = \"%.60s\" }", text[0]);
  return buf_printf(b, "; name them with fields = { input = \"%.60s\", output = \"%.60s\" }", text[0], text[1]);
}

int source_misfit(const Source *s, uint64_t max_line, const char *what, Error *err) {
  Sample *sample = malloc(sizeof *sample);
  Sniff keys = { 0 };
  Buf b = { 0 };
  int r = sample == NULL ? -1 : source_sample(s, max_line, sample);
  if (r == 0) r = sniff_keys(sample, &keys);
  if (r == 0) r = put_keys(&b, &keys);
  if (r == 0) r = put_mapping(&b, &keys);
  if (r == 0) r = buf_char(&b, '\0');
  if (r != 0) error_memory(err);
  else error_set(err, "%s: %s%s", s->path, what, b.ptr);
  buf_free(&b);
  sniff_free(&keys);
  free(sample);
  return -1;
}

/* ---- a first look at a file ---- */

enum { SNIFF_BYTES = 4 << 20 };

static int sniff_open(Source *s, const LoadOptions *o, Sample *sample, Sniff *out, Error *err) {
  SourceOptions so = { .spool_dir = o->spool_dir, .allow_damaged = 1, .max_bytes = SNIFF_BYTES };
  int r = source_open(s, &so, err);
  if (r != 0) return r;
  Format *best = NULL;
  if (source_sample(s, o->max_line > 0 ? o->max_line : 64 << 20, sample) != 0 || sniff_keys(sample, out) != 0 ||
      choose_format(sample, o->formats, o->nformats, &best, &out->reason) != 0) return error_memory(err);
  out->format = best != NULL ? format_name(best) : NULL;
  out->lines = sample->lines;
  out->not_utf8 = sample->not_utf8;
  out->malformed = sample->malformed;
  s->format_reason = out->reason;
  r = best != NULL ? source_say_delimiter(s, err) : 0;
  out->reason = s->format_reason;
  s->format_reason = NULL;
  return r;
}

int corpus_sniff(const char *path, const LoadOptions *o, Sniff *out, Error *err) {
  *out = (Sniff){ 0 };
  Source s = { .path = strdup(path) };
  Sample *sample = malloc(sizeof *sample);
  int r = s.path == NULL || sample == NULL ? error_memory(err) : sniff_open(&s, o, sample, out, err);
  source_close(&s);
  free(s.path);
  free(sample);
  if (r != 0) sniff_free(out);
  return r;
}
