/* modules/topics/terms.c - see terms.h
**
** Terms are counted by a 64-bit hash of their text, a cluster at a time; the rows are read once more for the words of
** the few that score. */
#include "topics/terms.h"

#include <math.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/buf.h"
#include "text/chars.h"
#include "text/fold.h"
#include "vectors/embedder.h"

enum { WIDER = 6 };   /* candidates whose words are looked up, for each term wanted */

/* ---- words ---- */

static int in_word(uint32_t c) { return chars_in_word(c) && chars_kind(c) == CHAR_WORD && c != 0xFFFD; }

static int is_apostrophe(uint32_t c) { return c == '\'' || c == 0x2019; }

/* Behind the word that begins at `at`; 0: none begins there. */
static size_t word_end(Span s, size_t at, int *single) {
  size_t next, after;
  uint32_t c = chars_decode(s.ptr, s.len, at, &next);
  *single = chars_kind(c) == CHAR_UNSPACED;
  if (*single) {
    while (next < s.len && chars_kind(chars_decode(s.ptr, s.len, next, &after)) == CHAR_MARK) next = after;
    return next;
  }
  if (!in_word(c)) return 0;
  while (next < s.len) {
    c = chars_decode(s.ptr, s.len, next, &after);
    size_t behind = after;
    if (is_apostrophe(c) && after < s.len) c = chars_decode(s.ptr, s.len, after, &behind);
    if (!in_word(c)) break;
    next = behind;
  }
  return next;
}

Span terms_word(Span folded, size_t *at, int *joined) {
  size_t from = *at, i = from;
  while (i < folded.len) {
    int single;
    size_t end = word_end(folded, i, &single);
    if (end == 0) {
      chars_decode(folded.ptr, folded.len, i, &i);
      continue;
    }
    *joined = from > 0 && (single ? i == from : i == from + 1 && folded.ptr[from] == ' ');
    *at = end;
    return span_of(folded.ptr + i, end - i);
  }
  *at = folded.len;
  return (Span){ 0 };
}

static uint64_t hash_of(Span s) { return XXH3_64bits(s.ptr, s.len); }

/* Does a word stand as a term of its own? */
static int counts_alone(Span word) { return word.len > 1 && word.len <= TERM_LONGEST; }

typedef int (*TermFn)(void *ctx, Span term, Span first, Span second);   /* second.ptr NULL: one word */

static int walk_terms(Span folded, TermFn fn, void *ctx) {
  size_t at = 0;
  int joined = 0, code = 0;
  Span before = { 0 };
  for (Span w; code == 0 && (w = terms_word(folded, &at, &joined)).ptr != NULL; before = w) {
    if (counts_alone(w)) code = fn(ctx, w, w, (Span){ 0 });
    if (code != 0 || !joined || before.ptr == NULL || w.len > TERM_LONGEST || before.len > TERM_LONGEST) continue;
    code = fn(ctx, span_of(before.ptr, (size_t)(w.ptr + w.len - before.ptr)), before, w);
  }
  return code;
}

/* ---- counting ---- */

typedef struct Count { uint64_t hash; uint32_t rows; } Count;

typedef struct Class { size_t n; Count *count; } Class;   /* by hash */

typedef struct Worker {
  Scratch *scratch;
  Buf text, folded;
  uint64_t *hash;        /* of a row, then of a cluster */
  size_t n, cap;
} Worker;

typedef struct Job {
  const View *view;
  uint32_t k;
  const uint32_t *row, *first, *size;
  const TermsSpec *spec;
  Worker *worker;
  Class *class;          /* [k] */
  uint64_t rows;         /* of all clusters */
  size_t nslots;         /* a power of two */
  struct Total { uint64_t hash; double rows; } *total;   /* [nslots] hash 0: free */
  Terms *out;
} Job;

static int by_hash(const void *x, const void *y) {
  uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
  return (a > b) - (a < b);
}

static int push_hash(void *ctx, Span term, Span first, Span second) {
  Worker *w = ctx;
  (void)first;
  (void)second;
  if (w->n == w->cap) {
    size_t cap = w->cap > 0 ? 2 * w->cap : 4096;
    uint64_t *more = realloc(w->hash, cap * sizeof *more);
    if (more == NULL) return -1;
    w->hash = more;
    w->cap = cap;
  }
  uint64_t h = hash_of(term);
  w->hash[w->n++] = h != 0 ? h : 1;
  return 0;
}

static int fold_row(const Job *j, Worker *w, uint32_t r, Span *folded) {
  Row row = scratch_begin(w->scratch, j->view, r);
  Span text;
  if (vectors_text(&row, j->spec->fields, &w->text, &text) != 0 || scratch_failed(w->scratch)) return -1;
  w->folded.len = 0;
  if (buf_reserve(&w->folded, fold_room(text.len)) != 0) return -1;
  *folded = span_of(w->folded.ptr, text.len > 0 ? fold_text(w->folded.ptr, text, 0, NULL) : 0);
  return 0;
}

/* Sorts hash[from..n) and leaves each once; the new n. */
static size_t unique(uint64_t *hash, size_t from, size_t n) {
  size_t to = from;
  qsort(hash + from, n - from, sizeof *hash, by_hash);
  for (size_t i = from; i < n; i++)
    if (to == from || hash[to - 1] != hash[i]) hash[to++] = hash[i];
  return to;
}

/* Terms that enough rows of the cluster hold. */
static int keep_counts(const Job *j, Worker *w, Class *class) {
  qsort(w->hash, w->n, sizeof *w->hash, by_hash);
  for (int pass = 0; pass < 2; pass++) {
    class->n = 0;
    for (size_t i = 0, next; i < w->n; i = next) {
      for (next = i; next < w->n && w->hash[next] == w->hash[i];) next++;
      if (next - i < j->spec->least) continue;
      if (pass == 1) class->count[class->n] = (Count){ w->hash[i], (uint32_t)(next - i) };
      class->n++;
    }
    if (pass == 0 && (class->count = malloc(class->n * sizeof *class->count + 1)) == NULL) return -1;
  }
  return 0;
}

static int count_class(void *ctx, size_t begin, size_t end, int worker) {
  Job *j = ctx;
  Worker *w = &j->worker[worker];
  for (size_t c = begin; c < end; c++) {
    w->n = 0;
    for (uint32_t i = j->first[c]; i < j->first[c + 1]; i++) {
      size_t from = w->n;
      Span folded;
      if (fold_row(j, w, j->row[i], &folded) != 0 || walk_terms(folded, push_hash, w) != 0) return -1;
      w->n = unique(w->hash, from, w->n);
    }
    if (keep_counts(j, w, &j->class[c]) != 0) return -1;
  }
  return 0;
}

/* ---- how many rows hold a term, in all ---- */

static struct Total *total_of(const Job *j, uint64_t hash) {
  size_t at = (size_t)(hash * 0x9E3779B97F4A7C15u >> 20) & (j->nslots - 1);
  while (j->total[at].hash != 0 && j->total[at].hash != hash) at = (at + 1) & (j->nslots - 1);
  return &j->total[at];
}

static double share_in(const Job *j, size_t c, const Count *t) {
  return (double)t->rows / (j->first[c + 1] - j->first[c]);
}

static int add_up(Job *j) {
  size_t n = 0;
  for (uint32_t c = 0; c < j->k; c++) n += j->class[c].n, j->rows += j->size[c];
  for (j->nslots = 64; j->nslots < 2 * n; j->nslots *= 2) {}
  if ((j->total = calloc(j->nslots, sizeof *j->total)) == NULL) return -1;
  for (uint32_t c = 0; c < j->k; c++)
    for (size_t i = 0; i < j->class[c].n; i++) {
      struct Total *t = total_of(j, j->class[c].count[i].hash);
      t->hash = j->class[c].count[i].hash;
      t->rows += share_in(j, c, &j->class[c].count[i]) * j->size[c];
    }
  return 0;
}

/* ---- choosing ---- */

typedef struct Candidate {
  uint64_t hash, first, second;   /* the words' hashes; second 0: one word */
  double share, score;
  char *text;            /* NULL until it is found in a row */
  size_t len;
} Candidate;

typedef struct Search {
  Candidate *item;       /* [n] by hash */
  size_t n, found;
} Search;

static int by_score(const void *x, const void *y) {
  const Candidate *a = x, *b = y;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return (a->hash > b->hash) - (a->hash < b->hash);
}

static int by_score_and_text(const void *x, const void *y) {
  const Candidate *a = x, *b = y;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  size_t n = a->len < b->len ? a->len : b->len;
  int d = memcmp(a->text, b->text, n);
  return d != 0 ? d : (a->len > b->len) - (a->len < b->len);
}

static int candidate_by_hash(const void *x, const void *y) {
  const Candidate *a = x, *b = y;
  return (a->hash > b->hash) - (a->hash < b->hash);
}

static int take_text(void *ctx, Span term, Span first, Span second) {
  Search *s = ctx;
  Candidate key = { .hash = hash_of(term) };
  if (key.hash == 0) key.hash = 1;
  Candidate *c = bsearch(&key, s->item, s->n, sizeof *s->item, candidate_by_hash);
  if (c == NULL || c->text != NULL) return 0;
  if ((c->text = malloc(term.len + 1)) == NULL) return -1;
  memcpy(c->text, term.ptr, term.len);
  c->len = term.len;
  c->first = hash_of(first);
  c->second = second.ptr != NULL ? hash_of(second) : 0;
  return ++s->found == s->n;
}

/* Does the term stand out in cluster c? */
static int lifted(const Job *j, size_t c, double share, double total) {
  double mine = share * j->size[c], others = (double)j->rows - j->size[c];
  return others <= 0 || share * others >= j->spec->lift * (total - mine);
}

static const Count *count_of(const Class *class, uint64_t hash) {
  size_t low = 0, high = class->n;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (class->count[mid].hash < hash) low = mid + 1;
    else high = mid;
  }
  return low < class->n && class->count[low].hash == hash ? &class->count[low] : NULL;
}

/* The candidates of cluster c, the highest score first; how many. */
static size_t candidates(const Job *j, size_t c, Candidate *out) {
  const Class *class = &j->class[c];
  size_t n = 0, most = (size_t)WIDER * j->spec->top;
  for (size_t i = 0; i < class->n; i++) {
    double share = share_in(j, c, &class->count[i]), total = total_of(j, class->count[i].hash)->rows;
    if (!lifted(j, c, share, total)) continue;
    out[n++] = (Candidate){ .hash = class->count[i].hash, .share = share,
                            .score = share * log1p((double)j->rows / j->k / total) };
  }
  qsort(out, n, sizeof *out, by_score);
  return n < most ? n : most;
}

/* Both words of two must stand out themselves: "my card" says no more than "card". */
static int words_lifted(const Job *j, size_t c, const Candidate *t) {
  uint64_t word[2] = { t->first, t->second };
  for (int i = 0; i < 2; i++) {
    const Count *count = count_of(&j->class[c], word[i]);
    if (count == NULL || !lifted(j, c, share_in(j, c, count), total_of(j, word[i])->rows)) return 0;
  }
  return 1;
}

static int shares_word(const Candidate *a, const Candidate *b) {
  uint64_t x[2] = { a->first, a->second }, y[2] = { b->first, b->second };
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 2; k++)
      if (x[i] != 0 && x[i] == y[k]) return 1;
  return 0;
}

/* Puts two words in the place of one of them; others that share a word with them go. */
static uint32_t replace(Candidate *out, uint32_t n, uint32_t at, const Candidate *t) {
  uint32_t to = at + 1;
  out[at] = *t;
  for (uint32_t i = to; i < n; i++)
    if (!shares_word(&out[i], t)) out[to++] = out[i];
  return to;
}

/* Of terms that share a word the one of higher score stands, but two words that most rows of the one hold say more. */
static uint32_t choose(const Job *j, size_t c, Candidate *item, size_t n, Candidate *out) {
  uint32_t taken = 0;
  for (size_t i = 0; i < n; i++) {
    Candidate *t = &item[i];
    if (t->text == NULL || (t->second != 0 && !words_lifted(j, c, t))) continue;
    uint32_t at = 0;
    while (at < taken && !shares_word(&out[at], t)) at++;
    if (at == taken && taken < j->spec->top) out[taken++] = *t;
    else if (at < taken && t->second != 0 && out[at].second == 0 && t->share >= j->spec->phrase * out[at].share)
      taken = replace(out, taken, at, t);
  }
  return taken;
}

static int keep_chosen(Job *j, size_t c, const Candidate *chosen, uint32_t n) {
  size_t len = 0;
  for (uint32_t i = 0; i < n; i++) len += chosen[i].len;
  char *text = j->out->text[c] = malloc(len + 1);
  if (text == NULL) return -1;
  for (uint32_t i = 0; i < n; i++) {
    memcpy(text, chosen[i].text, chosen[i].len);
    j->out->term[c * j->out->top + i] = (Term){ span_of(text, chosen[i].len), chosen[i].share, chosen[i].score };
    text += chosen[i].len;
  }
  j->out->n[c] = n;
  return 0;
}

static int name_class(Job *j, Worker *w, size_t c, Candidate *item, Candidate *chosen) {
  Search s = { item, candidates(j, c, item), 0 };
  qsort(item, s.n, sizeof *item, candidate_by_hash);
  int code = 0;
  for (uint32_t i = j->first[c]; i < j->first[c + 1] && code == 0 && s.found < s.n; i++) {
    Span folded;
    code = fold_row(j, w, j->row[i], &folded);
    if (code == 0) code = walk_terms(folded, take_text, &s);
  }
  if (code == 1) code = 0;
  if (code == 0) {
    size_t known = 0;
    for (size_t i = 0; i < s.n; i++)
      if (item[i].text != NULL) item[known++] = item[i];
    s.n = known;
    qsort(item, s.n, sizeof *item, by_score_and_text);
    code = keep_chosen(j, c, chosen, choose(j, c, item, s.n, chosen));
  }
  for (size_t i = 0; i < s.n; i++) free(item[i].text);
  return code;
}

static int name_classes(void *ctx, size_t begin, size_t end, int worker) {
  Job *j = ctx;
  for (size_t c = begin; c < end; c++) {
    Candidate *item = malloc((j->class[c].n + 1) * sizeof *item), *chosen = malloc(j->spec->top * sizeof *chosen);
    int code = item != NULL && chosen != NULL ? name_class(j, &j->worker[worker], c, item, chosen) : -1;
    free(item);
    free(chosen);
    if (code != 0) return -1;
  }
  return 0;
}

/* ---- the whole ---- */

void terms_free(Terms *t) {
  for (uint32_t c = 0; c < t->k && t->text != NULL; c++) free(t->text[c]);
  free(t->n);
  free(t->term);
  free(t->text);
  *t = (Terms){ 0 };
}

static int work(Job *j, Pool *pool) {
  int code = pool_for(pool, j->k, 1, count_class, j);
  if (code == 0) code = add_up(j);
  return code != 0 ? code : pool_for(pool, j->k, 1, name_classes, j);
}

static void worker_free(Worker *w) {
  scratch_free(w->scratch);
  buf_free(&w->text);
  buf_free(&w->folded);
  free(w->hash);
}

int terms_make(const View *view, uint32_t k, const uint32_t *row, const uint32_t *first, const uint32_t *size,
               const TermsSpec *spec, Pool *pool, Terms *out, Error *err) {
  int threads = pool != NULL ? pool_threads(pool) : 1, made = 0, code = -1;
  *out = (Terms){ k, spec->top, calloc(k + 1u, sizeof *out->n), calloc((size_t)k * spec->top + 1, sizeof *out->term),
                  calloc(k + 1u, sizeof *out->text) };
  Job j = { .view = view, .k = k, .row = row, .first = first, .size = size, .spec = spec, .out = out,
            .worker = calloc((size_t)threads, sizeof *j.worker), .class = calloc(k + 1u, sizeof *j.class) };
  if (out->n && out->term && out->text && j.worker && j.class) {
    while (made < threads && (j.worker[made].scratch = scratch_new(made)) != NULL) made++;
    if (made == threads) code = work(&j, pool);
  }
  for (int i = 0; i < made; i++) worker_free(&j.worker[i]);
  for (uint32_t c = 0; c < k && j.class != NULL; c++) free(j.class[c].count);
  free(j.worker);
  free(j.class);
  free(j.total);
  if (code == 0) return 0;
  terms_free(out);
  if (code == POOL_INTERRUPTED) err->text[0] = '\0';
  else error_memory(err);
  return -1;
}
