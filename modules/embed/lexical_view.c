/* modules/embed/lexical_view.c - rows of a view as the texts that lexical vectors are fitted to, see lexical.h */
#include <stdlib.h>

#include "corpus/row.h"
#include "embed/lexical.h"
#include "select/select.h"

typedef struct Texts {
  const View *view;
  const uint32_t *rows;
  unsigned fields;
  int threads;
  struct Reader { Scratch *scratch; Buf text; } *reader;   /* [threads] */
} Texts;

static int text_of(void *ctx, size_t i, int worker, Span *text) {
  Texts *t = ctx;
  struct Reader *r = &t->reader[worker];
  Row row = scratch_begin(r->scratch, t->view, t->rows[i]);
  return vectors_text(&row, t->fields, &r->text, text) != 0 || scratch_failed(r->scratch) ? -1 : 0;
}

static int texts_init(Texts *t, Pool *pool) {
  t->threads = pool == NULL ? 1 : pool_threads(pool);
  t->reader = calloc((size_t)t->threads, sizeof *t->reader);
  if (t->reader == NULL) return -1;
  for (int i = 0; i < t->threads; i++) {
    t->reader[i].scratch = scratch_new(i);
    if (t->reader[i].scratch == NULL) return -1;
  }
  return 0;
}

static void texts_free(Texts *t) {
  for (int i = 0; t->reader != NULL && i < t->threads; i++) {
    scratch_free(t->reader[i].scratch);
    buf_free(&t->reader[i].text);
  }
  free(t->reader);
}

typedef struct Placed { uint64_t place; uint32_t at; } Placed;

static int by_place(const void *x, const void *y) {
  const Placed *a = x, *b = y;
  if (a->place != b->place) return a->place < b->place ? -1 : 1;
  return (a->at > b->at) - (a->at < b->at);
}

static int ascending(const void *x, const void *y) {
  uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
  return (a > b) - (a < b);
}

/* The most of n rows that come first by the seed, as places among them, ascending; NULL if out of memory. */
static uint32_t *draw(const View *view, const uint32_t *rows, size_t n, uint64_t seed, size_t most) {
  uint32_t *sample = malloc((most + 1) * sizeof *sample);
  Placed *placed = malloc((n + 1) * sizeof *placed);
  if (sample != NULL && placed != NULL) {
    for (size_t i = 0; i < n; i++)
      placed[i] = (Placed){ select_place(view->corpus->identity[rows[i]], seed), (uint32_t)i };
    qsort(placed, n, sizeof *placed, by_place);
    for (size_t i = 0; i < most; i++) sample[i] = placed[i].at;
    qsort(sample, most, sizeof *sample, ascending);
  } else {
    free(sample);
    sample = NULL;
  }
  free(placed);
  return sample;
}

int lexical_fit_view(Lexical **out, const LexicalParams *p, const View *view, unsigned fields, const uint32_t *rows,
                     size_t n, Pool *pool, Error *err) {
  *out = NULL;
  uint32_t *own = NULL;
  if (rows == NULL) {
    rows = own = malloc(((size_t)view->corpus->nrows + 1) * sizeof *own);
    if (own == NULL) return error_memory(err);
    view_standing(view, own);
    n = view->standing;
  }
  Texts t = { .view = view, .rows = rows, .fields = fields };
  size_t most = p->method != LEXICAL_SVD ? 0 : p->sample < n ? p->sample : n;
  uint32_t *sample = draw(view, rows, n, p->seed, most);
  int status = sample == NULL || texts_init(&t, pool) != 0 ? error_memory(err)
             : lexical_fit(out, p, (LexicalTexts){ n, text_of, &t }, sample, most, pool, err);
  texts_free(&t);
  free(sample);
  free(own);
  return status;
}
