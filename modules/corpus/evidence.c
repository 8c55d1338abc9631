/* modules/corpus/evidence.c - see evidence.h; verdict_evidence is declared in view.h */
#include "corpus/evidence.h"

#include <math.h>

#include "core/json_out.h"

int evidence_number(Buf *b, double v) {
  if (v == floor(v) && fabs(v) < 9007199254740992.0) return json_out_int(b, (int64_t)v);
  return json_out_double(b, v);
}

/* Adds `,"key":` or `"key":`, as the object needs. */
static int add_key(Buf *b, const char *key) {
  if (b->len > 0 && b->ptr[b->len - 1] != '{' && buf_char(b, ',') != 0) return -1;
  if (json_out_string(b, span_str(key)) != 0) return -1;
  return buf_char(b, ':');
}

static int add_number(Buf *b, const char *key, double v) {
  if (isnan(v)) return 0;
  return add_key(b, key) != 0 ? -1 : evidence_number(b, v);
}

static int add_text(Buf *b, const char *key, Span text) {
  return add_key(b, key) != 0 ? -1 : json_out_string(b, text);
}

static int add_field(Buf *b, const Corpus *c, uint32_t field) {
  if (field == NAME_NONE) return 0;
  return add_text(b, "field", span_str(names_text(c->names, field)));
}

/* "source": …, "line": … */
static int add_place(Buf *b, const Corpus *c, uint32_t row) {
  const RowRec *r = &c->rows[row];
  if (add_text(b, "source", span_str(c->sources[r->source].path)) != 0) return -1;
  return add_key(b, "line") != 0 ? -1 : json_out_int(b, r->line);
}

static int add_twin(Buf *b, const Corpus *c, const Verdict *d) {
  if (add_field(b, c, d->field) != 0) return -1;
  if (add_key(b, "twin") != 0 || buf_char(b, '{') != 0) return -1;
  if (add_place(b, c, d->twin) != 0 || buf_char(b, '}') != 0) return -1;
  if (add_number(b, d->measure ? "cosine" : "jaccard", d->value) != 0) return -1;
  if (d->via == 0) return add_number(b, d->measure ? "jaccard" : "cosine", d->threshold);
  if (add_key(b, "via") != 0 || buf_char(b, '{') != 0 || add_place(b, c, d->via - 1) != 0 || buf_char(b, '}') != 0)
    return -1;
  return add_number(b, d->measure ? "via_cosine" : "via_jaccard", d->threshold);
}

int verdict_evidence(const View *v, const Verdict *d, Buf *out) {
  const Corpus *c = v->corpus;
  if (d->kind == EVIDENCE_JSON) return buf_add(out, d->blob, d->blob_len);
  int r = buf_char(out, '{');
  if (r == 0 && d->kind == EVIDENCE_THRESHOLD) {
    r = add_field(out, c, d->field);
    if (r == 0) r = add_number(out, "value", d->value);
    if (r == 0) r = add_number(out, "threshold", d->threshold);
  } else if (r == 0 && d->kind == EVIDENCE_TWIN) {
    r = add_twin(out, c, d);
  } else if (r == 0 && d->kind == EVIDENCE_DETAIL) {
    r = add_text(out, "detail", span_of(d->blob, d->blob_len));
  }
  return r != 0 ? r : buf_char(out, '}');
}

int evidence_spans(Buf *b, const Row *r, const EvidenceSpan *spans, size_t n) {
  if (buf_str(b, "{\"spans\":[") != 0) return -1;
  for (size_t i = 0; i < n; i++) {
    const EvidenceSpan *s = &spans[i];
    if (buf_str(b, i > 0 ? ",{" : "{") != 0) return -1;
    if (add_text(b, "field", span_str(field_name(s->string->field))) != 0) return -1;
    Buf path = { 0 };
    int bad = row_string_path(r, s->string->start, &path) != 0 || add_text(b, "path", buf_span(&path)) != 0;
    buf_free(&path);
    if (bad || buf_printf(b, ",\"start\":%u,\"end\":%u", s->start, s->end) != 0) return -1;
    if (s->type != NULL && add_text(b, "type", span_str(s->type)) != 0) return -1;
    if (buf_char(b, '}') != 0) return -1;
  }
  return buf_str(b, "]}");
}

/* The type of the JSON value that begins at that byte of a row; NULL if none does. */
static const char *type_at(Span line, size_t at) {
  while (at < line.len && memchr(" \t\r\n", line.ptr[at], 4) != NULL) at++;
  if (at >= line.len) return NULL;
  switch (line.ptr[at]) {
    case '"': return "string";
    case '{': return "object";
    case '[': return "array";
    case 't': case 'f': return "boolean";
    case 'n': return "null";
    default: return line.ptr[at] == '-' || (unsigned)(line.ptr[at] - '0') < 10 ? "number" : NULL;
  }
}

/* What stands where something else was asked for. */
static int add_found(Buf *b, const Corpus *c, const RowFault *f) {
  const char *found = type_at(corpus_row_bytes(c, f->row), f->offset);
  return found == NULL ? 0 : add_text(b, "found", span_str(found));
}

/* A line's bytes or, where the fault names a field, a row's strings, and how many there may be. */
static int add_length(Buf *b, const Corpus *c, const RowFault *f) {
  int strings = f->name != NAME_NONE;
  if (add_text(b, "unit", span_str(strings ? "strings" : "bytes")) != 0) return -1;
  if (!strings && add_number(b, "value", c->rows[f->row].len) != 0) return -1;
  return add_number(b, "threshold", strings ? UINT16_MAX : f->offset);
}

int evidence_fault(Buf *b, const Corpus *c, const RowFault *f) {
  if (buf_char(b, '{') != 0) return -1;
  if (f->state == ROW_MALFORMED && f->name != NAME_NONE) {   /* a record of a table */
    if (add_text(b, "detail", span_str(names_text(c->names, f->name))) != 0) return -1;
    return buf_char(b, '}');
  }
  if (f->name != NAME_NONE && add_field(b, c, f->name) != 0) return -1;
  int placed = f->state == ROW_MALFORMED || f->state == ROW_NOT_UTF8 || f->state == ROW_TOO_DEEP ||
               f->state == ROW_LONE_SURROGATE || f->state == ROW_DUPLICATE_KEY || f->state == ROW_FIELD_TYPE ||
               (f->state == ROW_MISSING_FIELD && f->offset > 0);
  if (placed && add_number(b, "offset", f->offset) != 0) return -1;
  if ((f->state == ROW_FIELD_TYPE || f->state == ROW_NOT_AN_OBJECT) && add_found(b, c, f) != 0) return -1;
  if (f->state == ROW_TOO_LONG && add_length(b, c, f) != 0) return -1;
  return buf_char(b, '}');
}

/* "stage": …, "reason": …, "evidence": … */
static int add_verdict(Buf *b, const View *v, const Verdict *d) {
  if (add_text(b, "stage", span_str(corpus_stage_name(v->corpus, d->stage))) != 0) return -1;
  if (add_text(b, "reason", span_str(names_text(v->corpus->names, d->reason))) != 0) return -1;
  return add_key(b, "evidence") != 0 ? -1 : verdict_evidence(v, d, b);
}

int evidence_also(Buf *b, const View *v, const Verdict *d) {
  int r = buf_char(b, '[');
  for (int first = 1; r == 0 && d->more; first = 0) {
    d++;
    r = buf_str(b, first ? "{" : ",{");
    if (r == 0) r = add_verdict(b, v, d);
    if (r == 0) r = buf_char(b, '}');
  }
  return r != 0 ? r : buf_char(b, ']');
}

int evidence_rejection(Buf *b, const View *v, uint32_t row) {
  const Verdict *d = view_verdict(v, row);
  if (buf_char(b, '{') != 0) return -1;
  if (d != NULL) {
    if (add_verdict(b, v, d) != 0) return -1;
    if (add_key(b, "also") != 0 || evidence_also(b, v, d) != 0) return -1;
  }
  if (add_place(b, v->corpus, row) != 0) return -1;
  return buf_char(b, '}');
}
