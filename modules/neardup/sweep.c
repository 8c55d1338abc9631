/* modules/neardup/sweep.c - see sweep.h */
#include "neardup/sweep.h"

#include <math.h>
#include <stdlib.h>

#include "core/union_find.h"
#include "neardup/leaders_exact.h"

/* Texts of another source, by their places there. */
typedef struct SomeTexts { TextSource source; const TextSource *of; const uint32_t *text; } SomeTexts;

static int some_fields(const TextSource *src, size_t i, int worker, Grams *g) {
  const SomeTexts *t = (const SomeTexts *)src;
  return t->of->fields(t->of, t->text[i], worker, g);
}

typedef struct Sweep {
  const TextSource *src;
  const LeaderParams *p;
  const SweepPairs *pairs;
  const SweepParams *s;
  Pool *pool;
  size_t n;
  uint32_t *order;          /* [n] */
  uint32_t *rank;           /* [n] */
  TextPair *settled;        /* [nsettled] pairs of texts that need not be read */
  size_t nsettled;
  ClusterGraph graph;       /* of these */
  Clusters clusters;
  /* the texts to be read */
  uint32_t *text;           /* [nagain] ascending */
  uint8_t *barred;          /* [nagain] or NULL */
  double *place;            /* [nagain] visiting order, as a rank */
  size_t nagain;
} Sweep;

/* ---- which texts must be read again ---- */

/* w->text: the texts that a chain of pairs connects with an open one. */
static int find_again(Sweep *w) {
  const SweepPairs *q = w->pairs;
  uint32_t *parent = malloc((w->n + 1) * sizeof *parent);
  uint8_t *open = calloc(w->n + 1, 1);
  w->text = malloc((w->n + 1) * sizeof *w->text);
  w->settled = malloc((q->npairs + 1) * sizeof *w->settled);
  int bad = parent == NULL || open == NULL || w->text == NULL || w->settled == NULL;
  if (!bad) union_begin(parent, w->n);
  for (size_t i = 0; !bad && i < q->npairs; i++) union_join(parent, q->pair[i].a, q->pair[i].b);
  for (uint32_t i = 0; !bad && q->open != NULL && i < w->n; i++) open[union_root(parent, i)] |= q->open[i];
  for (uint32_t i = 0; !bad && i < w->n; i++)
    if (open[union_root(parent, i)]) w->text[w->nagain++] = i;
  for (size_t i = 0; !bad && i < q->npairs; i++)
    if (!open[union_root(parent, q->pair[i].a)]) w->settled[w->nsettled++] = q->pair[i];
  free(parent);
  free(open);
  return bad ? -1 : 0;
}

/* The order among them, as ranks: the texts themselves are not asked for it again. */
static int order_again(Sweep *w) {
  w->place = malloc((w->nagain + 1) * sizeof *w->place);
  w->barred = w->p->barred != NULL ? malloc(w->nagain + 1) : NULL;
  if (w->place == NULL || (w->p->barred != NULL && w->barred == NULL)) return -1;
  for (size_t i = 0; i < w->nagain; i++) {
    w->place[i] = -(double)w->rank[w->text[i]];
    if (w->barred != NULL) w->barred[i] = w->p->barred[w->text[i]];
  }
  return 0;
}

/* ---- pairs at the margin ---- */

/* Keeps the best `margin` of pairs: sign 1 highest first, -1 lowest. */
typedef struct Margin { TextPair *pair; size_t n, most; int sign; const uint32_t *rank; } Margin;

static int is_before(const Margin *m, const TextPair *x, const TextPair *y) {
  if (x->jaccard != y->jaccard) return m->sign > 0 ? x->jaccard > y->jaccard : x->jaccard < y->jaccard;
  if (x->a != y->a) return m->rank[x->a] < m->rank[y->a];
  return m->rank[x->b] < m->rank[y->b];
}

static void offer(Margin *m, TextPair q) {
  if (m->n == m->most && (m->n == 0 || !is_before(m, &q, &m->pair[m->n - 1]))) return;
  for (size_t k = 0; k < m->n; k++)
    if (m->pair[k].a == q.a && m->pair[k].b == q.b) return;
  size_t i = m->n < m->most ? m->n++ : m->n - 1;
  for (; i > 0 && is_before(m, &q, &m->pair[i - 1]); i--) m->pair[i] = m->pair[i - 1];
  m->pair[i] = q;
}

static void offer_spared(const Clusters *c, double threshold, TextPair q, Margin *m) {
  if (q.jaccard >= threshold) return;
  if (m->n == m->most && (m->n == 0 || q.jaccard < m->pair[m->n - 1].jaccard)) return;
  const uint32_t a = c->twin[q.a] != TEXT_NONE ? c->twin[q.a] : q.a;
  const uint32_t b = c->twin[q.b] != TEXT_NONE ? c->twin[q.b] : q.b;
  if (a == b) return;
  if (c->twin[q.a] != TEXT_NONE && c->jaccard[q.a] >= 1) q.a = a;   /* the same shingles: the kept text's pair too */
  if (c->twin[q.b] != TEXT_NONE && c->jaccard[q.b] >= 1) q.b = b;
  if (c->via == NULL && (a != q.a || b != q.b)) return;
  if (m->rank[q.a] > m->rank[q.b]) {
    uint32_t t = q.a;
    q.a = q.b;
    q.b = t;
  }
  offer(m, q);
}

static void offer_taken(const Clusters *c, size_t n, Margin *m) {
  for (uint32_t i = 0; i < n; i++) {
    if (c->twin[i] == TEXT_NONE) continue;
    const int direct = c->via == NULL || c->via[i] == TEXT_NONE;
    offer(m, (TextPair){ i, direct ? c->twin[i] : c->via[i], direct ? c->jaccard[i] : c->via_jaccard[i] });
  }
}

/* ---- a step ---- */

/* Judges the texts that are read again, and puts what they got into w->clusters; l->pair has those from
** `floor` on. */
static int judge_again(Sweep *w, double threshold, double floor, Leaders *l, Error *err) {
  SomeTexts texts = { *w->src, w->src, w->text };
  texts.source.n = w->nagain;
  texts.source.fields = some_fields;
  LeaderParams p = *w->p;
  p.threshold = threshold;
  p.first = NULL;
  p.rank = w->place;
  p.longest = 0;
  p.barred = w->barred;
  p.evidence = 0;
  p.floor = floor;
  int r = w->s->judge != NULL ? w->s->judge(w->s->ctx, w->text, w->nagain, &p, w->pool, l, err)
                              : (p.exact ? leaders_exact : leaders_find)(&texts.source, &p, w->pool, l, err);
  Clusters *c = &w->clusters;
  for (size_t i = 0; r == 0 && i < w->nagain; i++) {
    const uint32_t me = w->text[i];
    c->twin[me] = l->twin[i] != TEXT_NONE ? w->text[l->twin[i]] : TEXT_NONE;
    c->jaccard[me] = l->jaccard[i];
    if (c->via == NULL) continue;
    c->via[me] = l->via[i] != TEXT_NONE ? w->text[l->via[i]] : TEXT_NONE;
    c->via_jaccard[me] = l->via_jaccard[i];
  }
  c->rejected += r == 0 ? l->rejected : 0;
  return r;
}

/* The lowest Jaccard of a pair that could still be at the margin; the threshold, where pairs below it are not
** wanted or may be too many to list. */
static double floor_of(const Sweep *w, double threshold, const Margin *spared) {
  if (spared->most == 0 || w->nagain > SWEEP_LISTED) return threshold;
  return spared->n == spared->most ? spared->pair[spared->n - 1].jaccard : w->p->floor;
}

/* Pairs of the texts that were read again. Where those below the threshold were not looked for, any of them may
** be nearer to it than a settled one: then none is known to be at the margin. */
static void offer_again(const Sweep *w, double threshold, const Leaders *l, Margin *m) {
  if (w->nagain > SWEEP_LISTED) {
    m->n = 0;
    return;
  }
  for (size_t i = 0; i < l->npairs; i++) {
    const TextPair q = { w->text[l->pair[i].a], w->text[l->pair[i].b], l->pair[i].jaccard };
    offer_spared(&w->clusters, threshold, q, m);
  }
}

static int all_known(const Clusters *c) {
  for (size_t i = 0; i < c->n; i++)
    if (c->twin[i] != TEXT_NONE && isnan(c->jaccard[i])) return 0;
  return 1;
}

static int take_step(Sweep *w, double threshold, SweepStep *step, Error *err) {
  Leaders again = { 0 };
  Margin taken = { .most = w->s->margin, .sign = -1, .rank = w->rank }, spared = taken;
  spared.sign = 1;
  *step = (SweepStep){ .threshold = threshold, .compared = w->nagain };
  taken.pair = step->taken = malloc((w->s->margin + 1) * sizeof *step->taken);
  spared.pair = step->spared = malloc((w->s->margin + 1) * sizeof *step->spared);
  if (step->taken == NULL || step->spared == NULL) return error_memory(err);
  cluster_take(&w->graph, threshold, w->p->mode, w->p->barred, &w->clusters);
  for (size_t i = 0; i < w->nsettled; i++) offer_spared(&w->clusters, threshold, w->settled[i], &spared);
  int r = w->nagain > 0 ? judge_again(w, threshold, floor_of(w, threshold, &spared), &again, err) : 0;
  if (r == 0 && cluster_figures(w->clusters.twin, w->clusters.jaccard, w->n, w->s->most_rows, &step->clusters) != 0)
    r = error_memory(err);
  if (r == 0) {
    if (w->clusters.via != NULL && !all_known(&w->clusters)) step->clusters.loosest = NAN;
    step->rejected = w->clusters.rejected;
    step->kept = w->n - step->rejected;
    offer_taken(&w->clusters, w->n, &taken);
    offer_again(w, threshold, &again, &spared);
    step->ntaken = taken.n;
    step->nspared = spared.n;
  }
  leaders_free(&again);
  return r;
}

/* Texts without a pair need no length: they stand behind the others. */
static int order_by_length(Sweep *w) {
  uint8_t *met = calloc(w->n + 1, 1);
  uint32_t *text = malloc((w->n + 1) * sizeof *text), *order = malloc((w->n + 1) * sizeof *order);
  uint8_t *first = w->p->first != NULL ? malloc(w->n + 1) : NULL;
  SomeTexts some = { *w->src, w->src, text };
  LeaderParams p = *w->p;
  size_t n = 0, at = 0;
  int r = met == NULL || text == NULL || order == NULL || (p.first != NULL && first == NULL) ? -1 : 0;
  for (size_t i = 0; r == 0 && i < w->pairs->npairs; i++) met[w->pairs->pair[i].a] = met[w->pairs->pair[i].b] = 1;
  for (uint32_t i = 0; r == 0 && i < w->n; i++) {
    if (w->pairs->open != NULL) met[i] |= w->pairs->open[i];
    if (!met[i]) continue;
    if (first != NULL) first[n] = p.first[i];
    text[n++] = i;
  }
  p.first = first;
  some.source.n = n;
  some.source.fields = some_fields;
  if (r == 0) r = leaders_order(&some.source, &p, w->pool, order);
  for (size_t i = 0; r == 0 && i < n; i++) w->order[at++] = text[order[i]];
  for (uint32_t i = 0; r == 0 && i < w->n; i++)
    if (!met[i]) w->order[at++] = i;
  free(met);
  free(text);
  free(order);
  free(first);
  return r;
}

static int begin(Sweep *w) {
  w->order = malloc((w->n + 1) * sizeof *w->order);
  w->rank = malloc((w->n + 1) * sizeof *w->rank);
  if (w->order == NULL || w->rank == NULL) return -1;
  int r = w->p->longest ? order_by_length(w) : leaders_order(w->src, w->p, w->pool, w->order);
  if (r != 0) return r;
  for (size_t i = 0; i < w->n; i++) w->rank[w->order[i]] = (uint32_t)i;
  if (find_again(w) != 0 || order_again(w) != 0) return -1;
  if (cluster_graph_init(&w->graph, w->n, w->order, NULL, w->settled, w->nsettled) != 0) return -1;
  return clusters_init(&w->clusters, w->n, w->p->mode);
}

int sweep_find(const TextSource *src, const LeaderParams *p, const SweepPairs *pairs, const SweepParams *s,
               Pool *pool, SweepStep *step, Error *err) {
  Sweep w = { .src = src, .p = p, .pairs = pairs, .s = s, .pool = pool, .n = src->n };
  for (size_t i = 0; i < s->nsteps; i++) step[i] = (SweepStep){ 0 };
  int r = begin(&w);
  if (r == -1) error_memory(err);
  for (size_t i = 0; r == 0 && i < s->nsteps; i++) {
    r = interrupt_pending() ? POOL_INTERRUPTED : take_step(&w, s->threshold[i], &step[i], err);
  }
  cluster_graph_free(&w.graph);
  clusters_free(&w.clusters);
  void *owned[] = { w.order, w.rank, w.settled, w.text, w.barred, w.place };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  if (r != 0) sweep_free(step, s->nsteps);
  return r;
}

void sweep_free(SweepStep *step, size_t nsteps) {
  for (size_t i = 0; i < nsteps; i++) {
    free(step[i].taken);
    free(step[i].spared);
    step[i] = (SweepStep){ 0 };
  }
}
