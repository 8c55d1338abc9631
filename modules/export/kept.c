/* modules/export/kept.c - see kept.h */
#include "export/kept.h"

#include <math.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/list.h"

void kept_work_free(KeptWork *k) {
  convert_free(&k->convert);
  buf_free(&k->head);
  buf_free(&k->values);
  buf_free(&k->weight);
  free(k->splice);
  *k = (KeptWork){ 0 };
}

static const char *format_of(const Row *r) {
  return r->corpus->sources[r->corpus->rows[r->index].source].format;
}

int kept_converts(const ExportOptions *o, const Row *r) {
  return o->format != EXPORT_AS_READ && strcmp(format_of(r), export_format_name(o->format)) != 0;
}

/* ---- which members stay ---- */

typedef struct Keep {
  const ExportOptions *o;
  const Row *r;
  Span format;           /* of the row as read */
  int converts, new_system;
} Keep;

static int holds_field(const Row *r, const JsonMember *m) {
  const StringRef *ref = corpus_row_strings(r->corpus, r->index);
  size_t from = (size_t)(m->value.raw.ptr - row_bytes(r).ptr), to = from + m->value.raw.len;
  for (size_t i = 0; i < r->corpus->rows[r->index].nstrings; i++)
    if (from <= ref[i].start && ref[i].start + ref[i].len <= to) return 1;
  return 0;
}

static int is_own(const Keep *k, const JsonMember *m) {
  for (size_t i = 0; i < k->o->nown; i++)
    if (span_eq(k->o->own[i].format, k->format) && json_string_is(&m->key, k->o->own[i].key)) return 1;
  return 0;
}

static int is_new_key(const Keep *k, const JsonMember *m) {
  for (const char *const *key = export_format_keys(k->o->format); *key != NULL; key++)
    if (json_string_is(&m->key, span_str(*key))) return 1;
  return 0;
}

static int keeps(const void *ctx, const JsonMember *m) {
  const Keep *k = ctx;
  if (k->o->weight.ptr != NULL && json_string_is(&m->key, k->o->weight)) return 0;
  if (k->converts)
    return !k->o->drop_extra && !holds_field(k->r, m) && !is_own(k, m) && !is_new_key(k, m);
  if (k->new_system && json_string_is(&m->key, span_str("system"))) return 0;
  return !k->o->drop_extra || holds_field(k->r, m) || is_own(k, m);
}

/* ---- what is put in ---- */

static const char INTO[] = "metadata", NO_PLACE[] = "its \"metadata\" is no object, so annotations cannot go there";

/* Does the key that is to hold the weight hold a text of the row? */
static int hides_text(const ExportOptions *o, const Row *r) {
  JsonValue root = json_value(row_bytes(r));
  JsonMember m;
  if (o->weight.ptr == NULL || kept_converts(o, r)) return 0;
  for (JsonIter it = json_iter(&root); json_next(&it, &m.key, &m.value);)
    if (json_string_is(&m.key, o->weight) && holds_field(r, &m)) return 1;
  return 0;
}

const char *kept_refuses(const ExportOptions *o, const Row *r) {
  if (hides_text(o, r)) return "the key that its weight is to have holds a text of its own";
  if (o->ninclude == 0) return NULL;
  Keep keep = { .o = o, .r = r, .format = span_str(format_of(r)), .converts = kept_converts(o, r) };
  JsonValue root = json_value(row_bytes(r));
  JsonKind kind = JSON_NONE;
  JsonMember m;
  for (JsonIter it = json_iter(&root); json_next(&it, &m.key, &m.value);)
    if (json_string_is(&m.key, span_str(INTO)) && keeps(&keep, &m)) kind = m.value.kind;
  return kind == JSON_NONE || kind == JSON_NULL || kind == JSON_OBJECT ? NULL : NO_PLACE;
}

static int put_value(Buf *b, Value v) {
  switch (v.type) {
    case VALUE_STRING: return json_out_string(b, v.text);
    case VALUE_INT: return json_out_int(b, v.integer);
    case VALUE_DOUBLE: return json_out_double(b, v.number);
    case VALUE_BOOL: return buf_str(b, v.integer != 0 ? "true" : "false");
    default: return 0;
  }
}

static Value included(const Row *r, Span name) {
  Value v = row_annotation(r, name);
  const double *metric = v.type == VALUE_NONE ? view_metric(r->view, name) : NULL;
  if (metric != NULL && !isnan(metric[r->index]))
    v = (Value){ .type = VALUE_DOUBLE, .number = metric[r->index] };
  return v;
}

/* Fills put[] with the included values; their texts stand in k->values. */
static int include(KeptWork *k, const ExportOptions *o, const Row *r, Member *put) {
  size_t end[EXPORT_MAX_INCLUDE], at = 0;
  k->values.len = 0;
  for (size_t i = 0; i < o->ninclude; i++) {
    if (put_value(&k->values, included(r, o->include[i])) != 0) return -1;
    end[i] = k->values.len;
  }
  for (size_t i = 0; i < o->ninclude; at = end[i++]) {
    put[i].key = o->include[i];
    put[i].value = end[i] == at ? span_of(NULL, 0) : span_of(k->values.ptr + at, end[i] - at);
  }
  return 0;
}

/* The row's weight as a member; its JSON stands in k->weight. */
static int weigh(KeptWork *k, const ExportOptions *o, const Row *r, Member *out) {
  const double *metric = view_metric(r->view, o->weight_metric);
  double value = metric == NULL || isnan(metric[r->index]) ? 1 : metric[r->index];
  k->weight.len = 0;
  if (json_out_double(&k->weight, value) != 0) return -1;
  *out = (Member){ o->weight, buf_span(&k->weight) };
  return 0;
}

/* ---- what is replaced ---- */

static int add_splice(KeptWork *k, Splice s) {
  if (!LIST_ROOM(k->splice, k->nsplices, k->cap_splices)) return -1;
  size_t i = k->nsplices++;
  for (; i > 0 && k->splice[i - 1].at > s.at; i--) k->splice[i] = k->splice[i - 1];
  k->splice[i] = s;
  return 0;
}

static int splice_edits(KeptWork *k, const Row *r) {
  const Edit *e;
  size_t n = view_edits(r->view, r->index, &e);
  for (size_t i = 0; i < n; i++)   /* with the quotes, which the writer makes anew */
    if (add_splice(k, (Splice){ e[i].start - 1, e[i].raw_len + 2, e[i].text, 1 }) != 0) return -1;
  return 0;
}

/* The list of turns that holds the row's first string; kind JSON_NONE: the row is no chat. */
static JsonValue chat_of(const Row *r) {
  if (r->corpus->rows[r->index].nstrings == 0) return (JsonValue){ 0 };
  const char *at = row_bytes(r).ptr + corpus_row_strings(r->corpus, r->index)->start;
  JsonValue root = json_value(row_bytes(r)), v, first;
  for (JsonIter it = json_iter(&root); json_next(&it, NULL, &v);) {
    if (at < v.raw.ptr || at > v.raw.ptr + v.raw.len) continue;
    JsonIter turns = json_iter(&v);
    if (v.kind == JSON_ARRAY && json_next(&turns, NULL, &first) && first.kind == JSON_OBJECT) return v;
  }
  return (JsonValue){ 0 };
}

/* A system turn in front of the others; its JSON stands in k->head. */
static int splice_system(KeptWork *k, const ExportOptions *o, const Row *r, const JsonValue *chat) {
  JsonValue first = { 0 };
  JsonIter it = json_iter(chat);
  json_next(&it, NULL, &first);
  int sharegpt = json_get(&first, span_str("from")).kind == JSON_STRING;
  k->head.len = 0;
  int bad = buf_str(&k->head, sharegpt ? "{\"from\":\"system\",\"value\":" : "{\"role\":\"system\",\"content\":") != 0 ||
            json_out_string(&k->head, o->system) != 0 || buf_str(&k->head, "},") != 0;
  if (bad) return -1;
  uint32_t at = (uint32_t)(chat->raw.ptr - row_bytes(r).ptr) + 1;
  return add_splice(k, (Splice){ at, 0, buf_span(&k->head), 0 });
}

/* ---- the two ways ---- */

static int word(const Row *r, Error *err, const char *what, const char *to) {
  const RowRec *rec = &r->corpus->rows[r->index];
  return error_set(err, "%s:%u cannot be written%s%s: %s", r->corpus->sources[rec->source].path,
                   rec->line, to[0] != '\0' ? " as " : "", to, what);
}

static int rewrite(KeptWork *k, const ExportOptions *o, const Row *r, Rewrite *w, Buf *out, Error *err) {
  Member put[EXPORT_MAX_INCLUDE], add[2];
  w->base = row_bytes(r);
  w->splice = k->splice;
  w->nsplices = k->nsplices;
  if (o->ninclude > 0) {
    if (include(k, o, r, put) != 0) return error_memory(err);
    w->into = span_str(INTO);
    w->put = put;
    w->nput = o->ninclude;
  }
  if (o->weight.ptr != NULL) {
    if (w->nadd > 0) add[0] = w->add[0];   /* a system text */
    if (weigh(k, o, r, &add[w->nadd]) != 0) return error_memory(err);
    w->add = add;
    w->nadd++;
  }
  int status = splice_rewrite(out, w);
  if (status < 0) return error_memory(err);
  return status > 0 ? word(r, err, NO_PLACE, "") : 0;
}

static int write_as_read(KeptWork *k, const ExportOptions *o, const Row *r, Buf *out, Error *err) {
  Keep keep = { .o = o, .r = r, .format = span_str(format_of(r)) };
  Buf text = { 0 };
  Member system = { span_str("system"), { 0 } };
  Rewrite w = { .ctx = &keep };
  if (o->system.ptr != NULL && row_field(r, FIELD_SYSTEM).len == 0) {
    JsonValue chat = chat_of(r);
    keep.new_system = chat.kind == JSON_NONE;
    if (!keep.new_system && splice_system(k, o, r, &chat) != 0) return error_memory(err);
  }
  if (keep.new_system) {
    if (json_out_string(&text, o->system) != 0) return error_memory(err);
    system.value = buf_span(&text);
    w.add = &system;
    w.nadd = 1;
  }
  if (o->drop_extra || keep.new_system || o->weight.ptr != NULL) w.keep = keeps;
  int bad;
  if (w.keep != NULL || o->ninclude > 0) bad = rewrite(k, o, r, &w, out, err);
  else bad = splice_range(out, row_bytes(r), 0, row_bytes(r).len, k->splice, k->nsplices) != 0 ? error_memory(err) : 0;
  buf_free(&text);
  return bad;
}

static int write_converted(KeptWork *k, const ExportOptions *o, const Row *r, int as_turns, Buf *out, Error *err) {
  Keep keep = { .o = o, .r = r, .format = span_str(format_of(r)), .converts = 1 };
  Convert *c = &k->convert;
  k->head.len = 0;
  c->splice = k->splice;
  c->nsplices = k->nsplices;
  if (convert_read(c, r, o->system, !o->drop_extra) != 0) return error_memory(err);
  if (convert_write(c, o->format, as_turns, &k->head) != 0) return error_memory(err);
  if (c->why_not != NULL) return word(r, err, c->why_not, export_format_name(o->format));
  Rewrite w = { .keep = keeps, .ctx = &keep, .head = buf_span(&k->head) };
  return rewrite(k, o, r, &w, out, err);
}

int kept_write(KeptWork *k, const ExportOptions *o, const Row *r, int as_turns, Buf *out, Error *err) {
  Span bytes = row_bytes(r);
  int plain = o->system.ptr == NULL && !o->drop_extra && o->ninclude == 0 && o->weight.ptr == NULL;
  int converts = kept_converts(o, r);
  if (plain && !converts && r->view->edit == NULL)
    return buf_add(out, bytes.ptr, bytes.len) != 0 ? error_memory(err) : 0;
  k->nsplices = 0;
  if (splice_edits(k, r) != 0) return error_memory(err);
  int bad = converts ? write_converted(k, o, r, as_turns, out, err) : write_as_read(k, o, r, out, err);
  if (bad == 0 && scratch_failed(r->scratch)) return error_memory(err);
  return bad;
}
