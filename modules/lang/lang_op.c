/* modules/lang/lang_op.c - see lang_op.h */
#include "lang/lang_op.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/json_out.h"

typedef struct LangOp {
  RowOp op;
  Field field[FIELD_COUNT];
  size_t nfields, max_bytes, min_field_bytes, nkeep;
  LangEngine engine;
  FastText *model;           /* the engine's, held; NULL: CLD2 */
  char **keep;               /* [nkeep] */
  double min_confidence, mixed_share;
  int keep_undetermined;
  char *other, *low, *undetermined, *annotation, *shares;
  char names[80];            /* "input+output", for the evidence */
} LangOp;

/* Judges the row's fields. 0, or -1 if out of memory. */
static int judge(const LangOp *l, Row *row, LangResult *r) {
  Span head[FIELD_COUNT];
  size_t start[FIELD_COUNT], bytes[FIELD_COUNT], room = 0, n = 0, at = 0;
  int each = 1;                            /* every field is long enough for itself */
  int sure = 0;                            /* some field so long that joining could not tell more */
  for (size_t i = 0; i < l->nfields; i++) {
    head[n] = lang_head(row_field(row, l->field[i]), l->max_bytes);
    if (head[n].ptr == NULL) continue;
    room += lang_mask_room(head[n++].len);
  }
  char *out = scratch_room(row->scratch, room + 16);
  if (out == NULL) return -1;
  for (size_t i = 0; i < n; i++) {
    start[i] = at;
    bytes[i] = lang_mask(head[i], out + at);
    each &= bytes[i] >= l->min_field_bytes;
    sure |= bytes[i] / 4 >= l->min_field_bytes;
    at += bytes[i];
    out[at++] = '\n';
  }
  memset(out + at, 0, 16);
  *r = (LangResult){ .code = "und" };
  if (each && n > 1) {
    LangResult part[FIELD_COUNT];
    for (size_t i = 0; i < n; i++)
      if (lang_tell(&l->engine, span_of(out + start[i], bytes[i]), &part[i]) != 0) return -1;
    *r = lang_merge(part, bytes, n);
    if (sure) return 0;
  }
  return strcmp(r->code, "und") == 0 ? lang_tell(&l->engine, span_of(out, at), r) : 0;
}

static int is_mixed(const LangOp *l, const LangResult *r) {
  return r->share[1].code[0] != '\0' && r->share[1].share >= l->mixed_share;
}

/* "en 0.62, fr 0.38" */
static int annotate_shares(const LangOp *l, Out *out, const LangResult *r) {
  char text[LANG_SHARES * (LANG_CODE_SIZE + 16)];
  size_t n = 0;
  for (int i = 0; i < LANG_SHARES && r->share[i].code[0] != '\0'; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %.2f", i > 0 ? ", " : "", r->share[i].code,
                          r->share[i].share);
  return out_annotate(out, span_str(l->shares), (Value){ .type = VALUE_STRING, .text = span_of(text, n) });
}

/* "shares":{"en":0.62,"fr":0.38} */
static int put_shares(Buf *b, const LangResult *r) {
  if (r->share[1].code[0] == '\0') return 0;
  if (buf_str(b, ",\"shares\":{") != 0) return -1;
  for (int i = 0; i < LANG_SHARES && r->share[i].code[0] != '\0'; i++)
    if ((i > 0 && buf_str(b, ",") != 0) || json_out_string(b, span_str(r->share[i].code)) != 0 ||
        buf_str(b, ":") != 0 || json_out_double(b, r->share[i].share) != 0)
      return -1;
  return buf_str(b, "}");
}

static int kept_language(const LangOp *l, const char *code) {
  if (l->nkeep == 0) return 1;
  for (size_t i = 0; i < l->nkeep; i++)
    if (lang_matches(code, span_str(l->keep[i]))) return 1;
  return 0;
}

static int reject(const LangOp *l, Out *out, const char *reason, const LangResult *r) {
  Buf b = { 0 };
  int status = -1;
  if (buf_printf(&b, "{\"field\":\"%s\",\"value\":", l->names) == 0 && json_out_double(&b, r->confidence) == 0 &&
      buf_str(&b, ",\"threshold\":") == 0 && json_out_double(&b, l->min_confidence) == 0 &&
      buf_str(&b, ",\"language\":") == 0 && json_out_string(&b, span_str(r->code)) == 0 &&
      put_shares(&b, r) == 0 && buf_str(&b, "}") == 0)
    status = out_reject_json(out, reason, buf_span(&b));
  buf_free(&b);
  return status;
}

static int lang_run(const RowOp *op, Row *row, Out *out) {
  const LangOp *l = (const LangOp *)op;
  LangResult r;
  if (judge(l, row, &r) != 0) return -1;
  int known = strcmp(r.code, "und") != 0;
  Value code = { .type = VALUE_STRING, .text = span_str(r.code) };
  if (out_annotate(out, span_str(l->annotation), code) != 0) return -1;
  if (known && is_mixed(l, &r) && annotate_shares(l, out, &r) != 0) return -1;
  if (known && out_metric(out, 0, r.confidence) != 0) return -1;
  if (!known) return l->keep_undetermined ? 0 : reject(l, out, l->undetermined, &r);
  if (!kept_language(l, r.code)) return reject(l, out, l->other, &r);
  return r.confidence < l->min_confidence ? reject(l, out, l->low, &r) : 0;
}

static void lang_destroy(RowOp *op) {
  LangOp *l = (LangOp *)op;
  for (size_t i = 0; i < l->nkeep; i++) free(l->keep[i]);
  free(l->keep);
  free(l->other);
  free(l->low);
  free(l->undetermined);
  free(l->annotation);
  free(l->shares);
  fasttext_unref(l->model);
  free(l);
}

static int copy_rule(LangOp *l, const LangRule *rule) {
  l->nfields = rule->nfields;
  l->max_bytes = rule->max_bytes;
  l->min_field_bytes = rule->min_field_bytes;
  l->model = rule->model != NULL ? fasttext_ref(rule->model) : NULL;
  l->engine = (LangEngine){ l->model, rule->min_probability, rule->min_letters };
  l->min_confidence = rule->min_confidence;
  l->mixed_share = rule->mixed_share;
  l->keep_undetermined = rule->keep_undetermined;
  l->other = strdup(rule->other);
  l->low = strdup(rule->low);
  l->undetermined = strdup(rule->undetermined);
  l->annotation = strdup(rule->annotation);
  l->shares = strdup(rule->shares);
  l->keep = calloc(rule->nkeep + 1, sizeof *l->keep);
  if (!l->other || !l->low || !l->undetermined || !l->annotation || !l->shares || !l->keep) return -1;
  for (size_t i = 0; i < rule->nfields; i++) {
    l->field[i] = rule->field[i];
    if (i > 0) strcat(l->names, "+");
    strcat(l->names, field_name(rule->field[i]));
  }
  for (size_t i = 0; i < rule->nkeep; i++) {
    if ((l->keep[i] = strndup(rule->keep[i].ptr, rule->keep[i].len)) == NULL) return -1;
    l->nkeep++;
  }
  return rowop_add_metric(&l->op, rule->metric) < 0 ? -1 : 0;
}

/* Codes of languages are short: a model with a longer label tells something else. */
static int check_labels(const FastText *model, Error *err) {
  for (size_t i = 0; i < fasttext_labels(model); i++)
    if (strlen(fasttext_label(model, i)) >= LANG_CODE_SIZE)
      return error_set(err, "no model of languages: its label \"%.40s\" is no code of a language",
                       fasttext_label(model, i));
  return 0;
}

RowOp *lang_op(const LangRule *rule, Error *err) {
  if (rule->model == NULL && !lang_available()) {
    error_set(err, LANG_MISSING);
    return NULL;
  }
  if (rule->model != NULL && check_labels(rule->model, err) != 0) return NULL;
  LangOp *l = calloc(1, sizeof *l);
  if (l != NULL) {
    rowop_init(&l->op, lang_run, lang_destroy);
    if (copy_rule(l, rule) == 0) return &l->op;
    rowop_unref(&l->op);
  }
  error_memory(err);
  return NULL;
}
