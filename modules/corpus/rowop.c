/* modules/corpus/rowop.c - see rowop.h: what operators say, buffered a chunk (group.h). */
#include "corpus/rowop.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "corpus/group.h"
#include "corpus/list.h"

/* ---- operators ---- */

void rowop_init(RowOp *op, int (*run)(const RowOp *, Row *, Out *), void (*destroy)(RowOp *)) {
  op->run = run;
  op->destroy = destroy;
  atomic_init(&op->refs, 1);
  op->serial = op->skip_rejected = op->nmetrics = 0;
}

int rowop_add_metric(RowOp *op, const char *name) {
  if (op->nmetrics == ROWOP_MAX_METRICS) return -1;
  char *copy = strdup(name);
  if (copy == NULL) return -1;
  op->metrics[op->nmetrics] = copy;
  return op->nmetrics++;
}

RowOp *rowop_ref(RowOp *op) {
  atomic_fetch_add(&op->refs, 1);
  return op;
}

void rowop_unref(RowOp *op) {
  if (op == NULL || atomic_fetch_sub(&op->refs, 1) != 1) return;
  for (int i = 0; i < op->nmetrics; i++) free(op->metrics[i]);
  op->nmetrics = 0;
  op->destroy(op);
}

/* ---- two as one ---- */

typedef struct ChainOp {
  RowOp op;
  RowOp *part[2];
} ChainOp;

static int chain_run(const RowOp *op, Row *row, Out *out) {
  const ChainOp *c = (const ChainOp *)op;
  double **metric = out->metric;
  int r = c->part[0]->run(c->part[0], row, out);
  out->metric += c->part[0]->nmetrics;
  if (r == 0) r = c->part[1]->run(c->part[1], row, out);
  out->metric = metric;
  return r;
}

static void chain_destroy(RowOp *op) {
  ChainOp *c = (ChainOp *)op;
  for (int i = 0; i < 2; i++) rowop_unref(c->part[i]);
  free(c);
}

RowOp *rowop_chain(RowOp *first, RowOp *second) {
  ChainOp *c = calloc(1, sizeof *c);
  if (c == NULL) {
    rowop_unref(first);
    rowop_unref(second);
    return NULL;
  }
  rowop_init(&c->op, chain_run, chain_destroy);
  c->part[0] = first, c->part[1] = second;
  c->op.serial = first->serial || second->serial;
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < c->part[k]->nmetrics; i++)
      if (rowop_add_metric(&c->op, c->part[k]->metrics[i]) < 0) {
        rowop_unref(&c->op);
        return NULL;
      }
  return &c->op;
}

/* ---- rejections ---- */

/* Interns a reason through a small cache: a stage has few, and rows are many. */
static uint32_t reason_id(Out *o, Span text) {
  for (int i = 0; i < OUT_REASONS; i++)
    if (o->reason[i].text.ptr != NULL && span_eq(o->reason[i].text, text)) return o->reason[i].id;
  uint32_t id = names_intern(o->names, text);
  if (id == NAME_FAIL) return id;
  unsigned slot = o->next_reason++ % OUT_REASONS;
  o->reason[slot].text = names_value(o->names, id).text;
  o->reason[slot].id = id;
  return id;
}

static int note(Out *o, uint32_t name, uint32_t value) {
  return scratch_note(o->row.scratch, name, value);
}

/* What a trusted row is tagged with so far, by this group or one before; NAME_NONE: nothing. */
static uint32_t flags_so_far(const Out *o) {
  const Scratch *s = o->row.scratch;
  for (size_t i = s->nnotes; i > 0; i--)
    if (s->note[i - 1].name == o->flagged_id) return s->note[i - 1].value;
  return view_annotation(o->row.view, span_str("flagged"), o->row.index);
}

/* A trusted row is tagged "flagged" with every "stage:reason", comma between, and stands. */
static int flag(Out *o, Span reason) {
  uint32_t before = flags_so_far(o);
  o->text.len = 0;
  if (before != NAME_NONE) {
    Span text = names_value(o->names, before).text;
    if (buf_add(&o->text, text.ptr, text.len) != 0 || buf_char(&o->text, ',') != 0) return -1;
  }
  if (buf_str(&o->text, corpus_stage_name(o->row.corpus, o->stage)) != 0) return -1;
  if (buf_char(&o->text, ':') != 0 || buf_add(&o->text, reason.ptr, reason.len) != 0) return -1;
  uint32_t id = names_intern(o->names, buf_span(&o->text));
  return id == NAME_FAIL ? -1 : note(o, o->flagged_id, id);
}

static int trusted(const Out *o) {
  const Corpus *c = o->row.corpus;
  return c->sources[c->rows[o->row.index].source].trusted;
}

/* The current row's next verdict record, or NULL if out of memory. */
static Verdict *reject(Out *o, Span reason) {
  uint32_t id = reason_id(o, reason);
  if (id == NAME_FAIL) return NULL;
  Verdict *d = LIST_PUSH(o->chunk.verdict, o->chunk.nverdicts, o->chunk.cap_verdicts);
  if (d == NULL) return NULL;
  *d = (Verdict){ .row = o->row.index, .reason = id, .twin = PLACE_NONE, .value = NAN,
                  .threshold = NAN, .stage = o->stage };
  o->rejected = 1;
  return d;
}

/* Drops the record that could not be filled. */
static int unreject(Out *o) {
  o->chunk.nverdicts--;
  return -1;
}

int out_reject_threshold(Out *o, const char *reason, Field field, double value, double threshold) {
  if (trusted(o)) return flag(o, span_str(reason));
  Verdict *d = reject(o, span_str(reason));
  if (d == NULL) return -1;
  d->kind = EVIDENCE_THRESHOLD;
  d->field = o->field_id[field];
  d->value = value;
  d->threshold = threshold;
  return 0;
}

static int reject_blob(Out *o, Span reason, EvidenceKind kind, Span blob) {
  Verdict *d = reject(o, reason);
  if (d == NULL) return -1;
  if (blob.len > UINT32_MAX) return unreject(o);
  Span copy = arena_copy(&o->chunk.arena, blob);
  if (copy.ptr == NULL) return unreject(o);
  d->kind = (uint8_t)kind;
  d->blob = (char *)copy.ptr;
  d->blob_len = (uint32_t)copy.len;
  return 0;
}

int out_reject_spans(Out *o, const char *reason, const EvidenceSpan *spans, size_t n) {
  if (trusted(o)) return flag(o, span_str(reason));
  o->text.len = 0;
  if (evidence_spans(&o->text, &o->row, spans, n) != 0) return -1;
  return reject_blob(o, span_str(reason), EVIDENCE_JSON, buf_span(&o->text));
}

int out_reject_detail(Out *o, Span reason, Span detail) {
  if (trusted(o)) return flag(o, reason);
  if (detail.ptr == NULL) return reject(o, reason) != NULL ? 0 : -1;
  return reject_blob(o, reason, EVIDENCE_DETAIL, detail);
}

int out_reject_json(Out *o, const char *reason, Span evidence) {
  if (trusted(o)) return flag(o, span_str(reason));
  return reject_blob(o, span_str(reason), EVIDENCE_JSON, evidence);
}

/* ---- metrics, annotations, edits ---- */

int out_metric(Out *o, int metric, double value) {
  o->metric[metric][o->row.index] = value;
  return 0;
}

int out_annotate(Out *o, Span name, Value value) {
  uint32_t n = reason_id(o, name);
  if (n == NAME_FAIL) return -1;
  uint32_t v = names_intern_value(o->names, value);
  return v == NAME_FAIL ? -1 : note(o, n, v);
}

static int is_document(Out *o, Span text) {
  size_t i = 0;
  while (i < text.len && strchr(" \t\n\r", text.ptr[i]) != NULL && text.ptr[i] != '\0') i++;
  if (i == text.len || (text.ptr[i] != '{' && text.ptr[i] != '[')) return 0;
  return json_check(&o->doc, text, 0) == JSON_OK;
}

/* The text of the string as it was read. */
static Span text_as_read(Out *o, const RowString *string) {
  Span raw = span_of(row_bytes(&o->row).ptr + string->start, string->raw_len);
  if (memchr(raw.ptr, '\\', raw.len) == NULL) return raw;
  char *to = scratch_room(o->row.scratch, raw.len);
  return to == NULL ? span_of(NULL, 0) : span_of(to, json_decode(raw, to));
}

/* An edit would make tool arguments, say, unreadable: the row goes, whoever it is from, since
** neither the old text nor the new may stand. */
static int refuse_edit(Out *o, const RowString *string) {
  Buf path = { 0 };
  o->text.len = 0;
  int bad = row_string_path(&o->row, string->start, &path) != 0 || buf_str(&o->text, "{\"field\":") != 0 ||
            json_out_string(&o->text, span_str(field_name((Field)string->field))) != 0 ||
            buf_str(&o->text, ",\"path\":") != 0 || json_out_string(&o->text, buf_span(&path)) != 0 ||
            buf_char(&o->text, '}') != 0;
  buf_free(&path);
  return bad ? -1 : reject_blob(o, span_str("edit_breaks_json"), EVIDENCE_JSON, buf_span(&o->text));
}

/* [{"start", "end", "type", "action"}] into the chunk's arena; ptr NULL if out of memory. */
static Span keep_spans(Out *o, const EditSpan *span, size_t n) {
  Buf *b = &o->text;
  b->len = 0;
  for (size_t i = 0; i < n; i++)
    if (buf_printf(b, "%s{\"start\":%u,\"end\":%u,\"type\":", i > 0 ? "," : "[", span[i].start, span[i].end) != 0 ||
        json_out_string(b, span_str(span[i].type)) != 0 || buf_str(b, ",\"action\":") != 0 ||
        json_out_string(b, span_str(span[i].action)) != 0 || buf_char(b, '}') != 0)
      return span_of(NULL, 0);
  return buf_char(b, ']') != 0 ? span_of(NULL, 0) : arena_copy(&o->chunk.arena, buf_span(b));
}

int out_edit(Out *o, const RowString *string, Span text) { return out_edit_spans(o, string, text, NULL, 0); }

int out_edit_spans(Out *o, const RowString *string, Span text, const EditSpan *span, size_t n) {
  Span was = text_as_read(o, string);
  if (was.ptr == NULL) return -1;
  if (is_document(o, was) && !is_document(o, text)) return refuse_edit(o, string);
  Span copy = arena_copy(&o->chunk.arena, text);
  if (copy.ptr == NULL) return -1;
  Span spans = n > 0 ? keep_spans(o, span, n) : span_of(NULL, 0);
  if (n > 0 && spans.ptr == NULL) return -1;
  return scratch_edit(&o->row, string->start, string->raw_len, copy, spans, o->stage);
}

int out_rejected(const Out *o) { return o->rejected; }

void out_error(Out *o, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(o->err.text, sizeof o->err.text, fmt, ap);
  va_end(ap);
}

/* ---- one row's beginning and end, for the group runner ---- */

void out_begin_row(Out *o) {
  o->rejected = 0;
  o->row_verdicts = o->chunk.nverdicts;
}

static int take_edits(Out *o) {
  ChunkOut *k = &o->chunk;
  const Edit *edit;
  size_t n = scratch_edits(&o->row, &edit);
  EditRow *er = LIST_PUSH(k->edit_row, k->nedit_rows, k->cap_edit_rows);
  if (er == NULL) return -1;
  const Scratch *s = o->row.scratch;
  size_t replaced = s->nreplaced < UINT16_MAX ? s->nreplaced : UINT16_MAX;
  *er = (EditRow){ o->row.index, (uint32_t)(n + replaced), (uint32_t)replaced };
  for (size_t i = 0; i < n + replaced; i++) {
    Edit *e = LIST_PUSH(k->edit, k->nedits, k->cap_edits);
    if (e == NULL) return -1;
    *e = i < n ? edit[i] : s->replaced[i - n];
  }
  return 0;
}

int out_end_row(Out *o) {
  ChunkOut *k = &o->chunk;
  for (size_t i = o->row_verdicts; i + 1 < k->nverdicts; i++) k->verdict[i].more = 1;
  const Scratch *s = o->row.scratch;
  for (size_t i = 0; i < s->nnotes; i++) {
    NoteRec *n = LIST_PUSH(k->note, k->nnotes, k->cap_notes);
    if (n == NULL) return -1;
    *n = (NoteRec){ o->row.index, s->note[i].name, s->note[i].value };
  }
  return s->edited ? take_edits(o) : 0;
}
