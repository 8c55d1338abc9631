/* modules/stats/measure.c - see measure.h */
#include "stats/measure.h"

#include <math.h>
#include <stdlib.h>

#include "stats/times.h"
#include "text/tokens.h"

enum { GRAIN = 512 };

typedef struct Walk Walk;
struct Walk {
  double (*measure)(const Walk *w, const Row *row);
  const View *view;
  Scratch **scratch;   /* [threads] */
  double *out;
  Field field;
  Span path;
  int times;
  size_t min_bytes;
  const double *known;   /* NULL: none */
  const double *input_tokens, *output_tokens;   /* of leak_of: NULL, or what tells most rows apart */
  const View *read;      /* of rows that do not stand; NULL: view too */
};

static double tokens_of(const Walk *w, const Row *row) {
  Span s = row_field(row, w->field);
  return s.ptr == NULL ? NAN : (double)tokens_count(s);
}

static double bytes_of(const Walk *w, const Row *row) {
  Span s = row_field(row, w->field);
  return s.ptr == NULL ? NAN : (double)s.len;
}

static double number_at(const Row *row, Span path, int times) {
  Value v = row_path(row, path);
  double t;
  switch (v.type) {
    case VALUE_INT: return (double)v.integer;
    case VALUE_DOUBLE: return v.number;
    case VALUE_STRING: return times && time_parse(v.text, &t) == 0 ? t : NAN;
    default: return NAN;
  }
}

static double path_of(const Walk *w, const Row *row) { return number_at(row, w->path, w->times); }

double measure_moment(const Row *row, Span path) { return number_at(row, path, 1); }

static int is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static Span trimmed(Span s) {
  while (s.len > 0 && is_space(s.ptr[0])) s = span_of(s.ptr + 1, s.len - 1);
  while (s.len > 0 && is_space(s.ptr[s.len - 1])) s.len--;
  return s;
}

static double leak_of(const Walk *w, const Row *row) {
  Span output = row_field(row, FIELD_OUTPUT), input = row_field(row, FIELD_INPUT);
  if (output.ptr == NULL || input.ptr == NULL) return NAN;
  output = trimmed(output);
  if (output.len < w->min_bytes || output.len == 0) return 0;
  return memmem(input.ptr, input.len, output.ptr, output.len) != NULL;
}

static int measure_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Walk *w = ctx;
  const Corpus *c = w->view->corpus;
  Scratch *s = w->scratch[worker];
  for (size_t i = begin; i < end; i++) {
    const Edit *edit;
    w->out[i] = NAN;
    if (w->known != NULL && !isnan(w->known[i]) && view_edits(w->view, (uint32_t)i, &edit) == 0) {
      w->out[i] = w->known[i];
      continue;
    }
    if (w->output_tokens != NULL && w->output_tokens[i] > w->input_tokens[i]) {
      w->out[i] = 0;
      continue;
    }
    if (corpus_row_state(c, (uint32_t)i) != ROW_OK) continue;
    int gone = w->read != NULL && view_status(w->view, (uint32_t)i) != STATUS_STANDING;
    Row row = scratch_begin(s, gone ? w->read : w->view, (uint32_t)i);
    w->out[i] = w->measure(w, &row);
  }
  return scratch_failed(s) ? -1 : 0;
}

static int walk(Walk *w, Pool *pool, Error *err) {
  int threads = pool_threads(pool), made = 0, r = -1;
  w->scratch = calloc((size_t)threads, sizeof *w->scratch);
  if (w->scratch == NULL) return error_memory(err);
  while (made < threads && (w->scratch[made] = scratch_new(made)) != NULL) made++;
  if (made == threads) r = pool_for(pool, w->view->corpus->nrows, GRAIN, measure_chunk, w);
  for (int i = 0; i < made; i++) scratch_free(w->scratch[i]);
  free(w->scratch);
  return r == -1 ? error_memory(err) : r;
}

int measure_tokens(const View *v, Field field, const double *known, const View *read, Pool *pool, double *out,
                   Error *err) {
  Walk w = { .measure = tokens_of, .view = v, .out = out, .field = field, .known = known, .read = read };
  return walk(&w, pool, err);
}

int measure_bytes(const View *v, Field field, Pool *pool, double *out, Error *err) {
  Walk w = { .measure = bytes_of, .view = v, .out = out, .field = field };
  return walk(&w, pool, err);
}

int measure_path(const View *v, Span path, int times, Pool *pool, double *out, Error *err) {
  Walk w = { .measure = path_of, .view = v, .out = out, .path = path, .times = times };
  return walk(&w, pool, err);
}

int measure_leak(const View *v, size_t min_bytes, const double *input_tokens, const double *output_tokens, Pool *pool,
                 double *out, Error *err) {
  Walk w = { .measure = leak_of, .view = v, .out = out, .min_bytes = min_bytes, .input_tokens = input_tokens,
             .output_tokens = output_tokens };
  return walk(&w, pool, err);
}
