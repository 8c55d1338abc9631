/* modules/rules/phrases.c - see phrases.h. The matcher tells which rule, not where: a row that it hits, one in
** many, is searched again for that rule's phrases. */
#include "rules/phrases.h"

#include <stdlib.h>

#include "rules/rules.h"
#include "rules/rules_op.h"
#include "text/chars.h"
#include "text/fold.h"
#include "text/tokens.h"

typedef struct Phrase { Span text; uint32_t rule; int open[2]; } Phrase;   /* folded, stars off; open: at which end */

typedef struct PhrasesOp {
  RowOp op;
  Topics *topics;
  Field field;
  size_t within, most, n, nrules;
  char *bytes;               /* owns the texts below */
  Phrase *phrase;            /* [n] */
  char **reason;             /* [nrules] */
} PhrasesOp;

/* The first bytes of text, whole words. */
static Span beginning(Span text, size_t words) {
  size_t at = 0;
  for (size_t i = 0; i < words; i++)
    if (words_next(text, &at).ptr == NULL) return text;
  return span_of(text.ptr, at);
}

/* A folded text has one blank between its words: the word in which byte `at` stands. */
static size_t word_of(Span folded, size_t at) {
  size_t n = 0;
  for (size_t i = 0; i < at; i++) n += folded.ptr[i] == ' ';
  return n;
}

static void place(Span text, size_t first, size_t last, PhrasesFound *e) {
  size_t at = 0;
  Span w;
  for (size_t i = 0; i <= last && (w = words_next(text, &at)).ptr != NULL; i++) {
    if (i == first) e->start = (size_t)(w.ptr - text.ptr);
    e->end = (size_t)(w.ptr - text.ptr) + w.len;
  }
}

static int is_word(char c) { return (c & 0x80) == 0 && chars_in_word((unsigned char)c); }

/* Where the phrase stands alone; NULL: nowhere. */
static const char *stands(const Phrase *p, Span folded) {
  const char *at = folded.ptr, *end = folded.ptr + folded.len;
  while (p->text.len > 0 && (at = memmem(at, (size_t)(end - at), p->text.ptr, p->text.len)) != NULL) {
    const char *behind = at + p->text.len;
    int begins = p->open[0] || at == folded.ptr || !is_word(at[0]) || !is_word(at[-1]);
    if (begins && (p->open[1] || behind == end || !is_word(behind[-1]) || !is_word(behind[0]))) return at;
    at++;
  }
  return NULL;
}

/* How many different phrases there are, in a text that has one. */
static size_t count_phrases(const PhrasesOp *p, Span folded) {
  size_t n = 0;
  for (size_t k = 0; k < p->n; k++) n += stands(&p->phrase[k], folded) != NULL;
  return n > 0 ? n : 1;
}

static void find_place(const PhrasesOp *p, uint32_t rule, Span text, Span folded, PhrasesFound *e) {
  for (size_t k = 0; k < p->n; k++) {
    if (p->phrase[k].rule != rule) continue;
    const char *hit = stands(&p->phrase[k], folded);
    if (hit == NULL) continue;
    size_t start = (size_t)(hit - folded.ptr), end = start + p->phrase[k].text.len;
    place(text, word_of(folded, start), word_of(folded, end), e);
    return;
  }
}

PhrasesFound phrases_find(const RowOp *op, Span text, char *room) {
  const PhrasesOp *p = (const PhrasesOp *)op;
  if (p->within > 0) text = beginning(text, p->within);
  Span folded = span_of(room, fold_text(room, text, 0, NULL));
  PhrasesFound found = { topics_match(p->topics, folded), 0, 0, 0 };
  if (found.rule < 0) return found;
  found.n = count_phrases(p, folded);
  if (found.n > p->most) find_place(p, (uint32_t)found.rule, text, folded, &found);
  return found;
}

static int run(const RowOp *op, Row *row, Out *out) {
  const PhrasesOp *p = (const PhrasesOp *)op;
  Span text = row_field(row, p->field);
  if (text.ptr == NULL) return 0;
  char *room = scratch_room(row->scratch, fold_room(text.len));
  if (room == NULL) return -1;
  PhrasesFound f = phrases_find(op, text, room);
  if (out_metric(out, 0, (double)f.n) != 0) return -1;
  if (f.n <= p->most) return 0;
  RuleEvidence e = { p->field, NULL, (double)f.n, (double)p->most, f.start, f.end, "PHRASE", NULL };
  return rules_reject(row, out, p->reason[f.rule], &e);
}

static void destroy(RowOp *op) {
  PhrasesOp *p = (PhrasesOp *)op;
  topics_free(p->topics);
  for (size_t i = 0; p->reason != NULL && i < p->nrules; i++) free(p->reason[i]);
  free(p->reason);
  free(p->phrase);
  free(p->bytes);
  free(p);
}

static int copy_phrases(PhrasesOp *p, const TopicPhrase *from, size_t n) {
  size_t bytes = 1;
  for (size_t i = 0; i < n; i++) bytes += fold_room(from[i].text.len);
  char *at = p->bytes = malloc(bytes);
  p->phrase = calloc(n + 1, sizeof *p->phrase);
  if (at == NULL || p->phrase == NULL) return -1;
  for (; p->n < n; p->n++) {
    Span t = from[p->n].text;              /* a star at each end comes off before it is folded, as in topics.c */
    int open[2] = { t.len > 0 && t.ptr[0] == '*', 0 };
    if (open[0]) t.ptr++, t.len--;
    open[1] = t.len > 0 && t.ptr[t.len - 1] == '*';
    if (open[1]) t.len--;
    char *to = at;
    at += fold_room(from[p->n].text.len);
    t = span_of(to, fold_text(to, t, 0, NULL));
    p->phrase[p->n] = (Phrase){ t, from[p->n].rule, { open[0], open[1] } };
  }
  return 0;
}

static int copy_reasons(PhrasesOp *p, const Span *reason, size_t n) {
  p->nrules = n;
  p->reason = calloc(n + 1, sizeof *p->reason);
  if (p->reason == NULL) return -1;
  for (size_t i = 0; i < n; i++)
    if ((p->reason[i] = strndup(reason[i].ptr, reason[i].len)) == NULL) return -1;
  return 0;
}

RowOp *phrases_op(Topics *topics, const PhrasesSpec *spec, Error *err) {
  PhrasesOp *p = calloc(1, sizeof *p);
  if (p == NULL) {
    topics_free(topics);
    error_memory(err);
    return NULL;
  }
  rowop_init(&p->op, run, destroy);
  p->topics = topics, p->field = spec->field, p->within = spec->within, p->most = spec->most;
  if (copy_phrases(p, spec->phrase, spec->n) == 0 && copy_reasons(p, spec->reason, spec->nrules) == 0 &&
      rowop_add_metric(&p->op, spec->metric) >= 0)
    return &p->op;
  error_memory(err);
  rowop_unref(&p->op);
  return NULL;
}
