/* modules/neardup/cluster.c - see cluster.h */
#include "neardup/cluster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/union_find.h"

/* ---- the graph ---- */

/* g->like from texts of Jaccard 1; parent [n] is room. */
static void find_likes(ClusterGraph *g, uint32_t *parent, const uint32_t *same, const TextPair *pair,
                       size_t npairs) {
  union_begin(parent, g->n);
  for (size_t i = 0; i < g->n; i++) g->like[i] = TEXT_NONE;
  for (size_t i = 0; same != NULL && i < g->n; i++)
    if (same[i] != TEXT_NONE) union_join(parent, (uint32_t)i, same[i]);
  for (size_t i = 0; i < npairs; i++)
    if (pair[i].jaccard >= 1) union_join(parent, pair[i].a, pair[i].b);
  for (size_t v = 0; v < g->n; v++) {   /* at a root first, then at each text */
    uint32_t root = union_root(parent, g->order[v]);
    if (g->like[root] == TEXT_NONE) g->like[root] = g->order[v];
  }
  for (size_t i = g->n; i-- > 0;) {   /* a root is the lowest of its texts: read before it is lost */
    uint32_t root = union_root(parent, (uint32_t)i);
    g->like[i] = g->like[root];
  }
}

static int by_jaccard(const void *a, const void *b) {
  const ClusterNear *x = a, *y = b;
  if (x->jaccard != y->jaccard) return x->jaccard > y->jaccard ? -1 : 1;
  return x->text < y->text ? -1 : x->text > y->text;
}

/* Neighbours of each node, by rank while they are sorted. */
static int lay_neighbours(ClusterGraph *g, const TextPair *pair, size_t npairs) {
  size_t edges = 0;
  for (size_t i = 0; i < npairs; i++) {
    uint32_t a = g->like[pair[i].a], b = g->like[pair[i].b];
    if (a == b) continue;
    g->start[a + 2]++;
    g->start[b + 2]++;
    edges += 2;
  }
  g->near = malloc((edges + 1) * sizeof *g->near);
  if (g->near == NULL) return -1;
  for (size_t i = 0; i < g->n; i++) g->start[i + 2] += g->start[i + 1];
  for (size_t i = 0; i < npairs; i++) {
    uint32_t a = g->like[pair[i].a], b = g->like[pair[i].b];
    if (a == b) continue;
    g->near[g->start[a + 1]++] = (ClusterNear){ pair[i].jaccard, g->rank[b] };
    g->near[g->start[b + 1]++] = (ClusterNear){ pair[i].jaccard, g->rank[a] };
  }
  for (size_t i = 0; i < g->n; i++)
    if (g->start[i + 1] - g->start[i] > 1)
      qsort(g->near + g->start[i], g->start[i + 1] - g->start[i], sizeof *g->near, by_jaccard);
  for (size_t e = 0; e < edges; e++) g->near[e].text = g->order[g->near[e].text];
  return 0;
}

int cluster_graph_init(ClusterGraph *g, size_t n, const uint32_t *order, const uint32_t *same,
                       const TextPair *pair, size_t npairs) {
  *g = (ClusterGraph){ .n = n };
  uint32_t *parent = malloc((n + 1) * sizeof *parent);
  g->order = malloc((n + 1) * sizeof *g->order);
  g->rank = malloc((n + 1) * sizeof *g->rank);
  g->like = malloc((n + 1) * sizeof *g->like);
  g->start = calloc(n + 2, sizeof *g->start);
  int r = parent == NULL || g->order == NULL || g->rank == NULL || g->like == NULL || g->start == NULL ? -1 : 0;
  for (size_t i = 0; r == 0 && i < n; i++) {
    g->order[i] = order != NULL ? order[i] : (uint32_t)i;
    g->rank[g->order[i]] = (uint32_t)i;
  }
  if (r == 0) find_likes(g, parent, same, pair, npairs);
  if (r == 0) r = lay_neighbours(g, pair, npairs);
  free(parent);
  if (r != 0) cluster_graph_free(g);
  return r;
}

void cluster_graph_free(ClusterGraph *g) {
  free(g->order);
  free(g->rank);
  free(g->like);
  free(g->start);
  free(g->near);
  *g = (ClusterGraph){ 0 };
}

/* ---- clusters ---- */

int clusters_init(Clusters *c, size_t n, ClusterMode mode) {
  *c = (Clusters){ .n = n };
  c->twin = malloc((n + 1) * sizeof *c->twin);
  c->jaccard = malloc((n + 1) * sizeof *c->jaccard);
  c->kept = malloc((n + 1) * sizeof *c->kept);
  int bad = c->twin == NULL || c->jaccard == NULL || c->kept == NULL;
  if (mode == CLUSTER_COMPONENTS) {
    c->via = malloc((n + 1) * sizeof *c->via);
    c->via_jaccard = malloc((n + 1) * sizeof *c->via_jaccard);
    c->queue = malloc((n + 1) * sizeof *c->queue);
    c->seen = malloc(n + 1);
    bad |= c->via == NULL || c->via_jaccard == NULL || c->queue == NULL || c->seen == NULL;
  }
  if (bad) clusters_free(c);
  return bad ? -1 : 0;
}

void clusters_free(Clusters *c) {
  free(c->twin);
  free(c->jaccard);
  free(c->via);
  free(c->via_jaccard);
  free(c->kept);
  free(c->queue);
  free(c->seen);
  *c = (Clusters){ 0 };
}

/* c->kept[node] is the node's text that is kept. */
static void visit(const ClusterGraph *g, double threshold, uint32_t text, int barred, Clusters *c) {
  const uint32_t node = g->like[text];
  uint32_t twin = c->kept[node];
  double best = twin != TEXT_NONE ? 1 : threshold;
  if (twin == TEXT_NONE) {
    for (size_t e = g->start[node]; e < g->start[node + 1] && g->near[e].jaccard >= best; e++) {
      const uint32_t kept = c->kept[g->near[e].text];
      if (kept == TEXT_NONE || (twin != TEXT_NONE && g->rank[kept] > g->rank[twin])) continue;
      twin = kept;
      best = g->near[e].jaccard;
    }
  }
  c->twin[text] = twin;
  c->jaccard[text] = twin != TEXT_NONE ? best : NAN;
  if (twin == TEXT_NONE && !barred) c->kept[node] = text;
}

static void take_leaders(const ClusterGraph *g, double threshold, const uint8_t *barred, Clusters *c) {
  for (size_t i = 0; i < g->n; i++) c->kept[i] = TEXT_NONE;
  for (size_t v = 0; v < g->n; v++)
    visit(g, threshold, g->order[v], barred != NULL && barred[g->order[v]], c);
}

enum { UNSEEN, COLLECTED, REACHED };

/* Collects the nodes that matches connect with this one into the queue; their number. */
static size_t collect(const ClusterGraph *g, double threshold, uint32_t node, Clusters *c) {
  size_t n = 0;
  c->queue[n++] = node;
  c->seen[node] = COLLECTED;
  for (size_t at = 0; at < n; at++)
    for (size_t e = g->start[c->queue[at]]; e < g->start[c->queue[at] + 1]; e++) {
      if (g->near[e].jaccard < threshold) break;
      if (c->seen[g->near[e].text] != UNSEEN) continue;
      c->seen[g->near[e].text] = COLLECTED;
      c->queue[n++] = g->near[e].text;
    }
  return n;
}

/* From the kept text's node to all that were collected: c->twin, jaccard and via of nodes. */
static void walk(const ClusterGraph *g, double threshold, uint32_t kept, Clusters *c) {
  const uint32_t root = g->like[kept];
  size_t n = 0;
  c->queue[n++] = root;
  c->seen[root] = REACHED;
  c->twin[root] = kept;
  for (size_t at = 0; at < n; at++) {
    const uint32_t from = c->queue[at];
    for (size_t e = g->start[from]; e < g->start[from + 1]; e++) {
      const ClusterNear *near = &g->near[e];
      if (near->jaccard < threshold) break;
      if (c->seen[near->text] == REACHED) continue;
      c->seen[near->text] = REACHED;
      c->twin[near->text] = kept;
      if (from == root) c->jaccard[near->text] = near->jaccard;
      else {
        c->via[near->text] = from;
        c->via_jaccard[near->text] = near->jaccard;
      }
      c->queue[n++] = near->text;
    }
  }
  for (size_t e = g->start[root]; e < g->start[root + 1]; e++)   /* pairs below the threshold */
    if (c->twin[g->near[e].text] == kept) c->jaccard[g->near[e].text] = g->near[e].jaccard;
}

/* c->kept[node] is the node's first visited text that may be kept. */
static void walk_component(const ClusterGraph *g, double threshold, uint32_t node, Clusters *c) {
  size_t n = collect(g, threshold, node, c);
  uint32_t kept = TEXT_NONE;
  for (size_t i = 0; i < n; i++) {
    const uint32_t text = c->kept[c->queue[i]];
    if (text != TEXT_NONE && (kept == TEXT_NONE || g->rank[text] < g->rank[kept])) kept = text;
  }
  if (kept != TEXT_NONE) walk(g, threshold, kept, c);
}

static void take_components(const ClusterGraph *g, double threshold, const uint8_t *barred, Clusters *c) {
  for (size_t i = 0; i < g->n; i++) {
    c->twin[i] = c->via[i] = c->kept[i] = TEXT_NONE;
    c->jaccard[i] = c->via_jaccard[i] = NAN;
  }
  memset(c->seen, UNSEEN, g->n);
  for (size_t v = 0; v < g->n; v++) {
    const uint32_t text = g->order[v], node = g->like[text];
    if (c->kept[node] == TEXT_NONE && (barred == NULL || !barred[text])) c->kept[node] = text;
  }
  for (size_t v = 0; v < g->n; v++)
    if (g->like[g->order[v]] == g->order[v] && c->seen[g->order[v]] == UNSEEN)
      walk_component(g, threshold, g->order[v], c);
  for (size_t v = g->n; v-- > 0;) {   /* a node is visited before its like: its figures are read before they change */
    const uint32_t text = g->order[v], node = g->like[text], kept = c->twin[node];
    const int alike = kept != TEXT_NONE && g->like[kept] == node;
    c->twin[text] = text == kept ? TEXT_NONE : kept;
    c->jaccard[text] = alike && text != kept ? 1 : c->jaccard[node];
    c->via[text] = c->via[node];
    c->via_jaccard[text] = c->via_jaccard[node];
  }
}

void cluster_take(const ClusterGraph *g, double threshold, ClusterMode mode, const uint8_t *barred, Clusters *c) {
  (mode == CLUSTER_COMPONENTS ? take_components : take_leaders)(g, threshold, barred, c);
  c->rejected = 0;
  for (size_t i = 0; i < g->n; i++) c->rejected += c->twin[i] != TEXT_NONE;
}

int cluster_figures(const uint32_t *twin, const double *jaccard, size_t n, size_t limit, ClusterFigures *out) {
  *out = (ClusterFigures){ .largest_of = TEXT_NONE, .loosest = NAN, .loosest_of = TEXT_NONE };
  uint32_t *rejected = calloc(n + 1, sizeof *rejected);
  if (rejected == NULL) return -1;
  for (size_t i = 0; i < n; i++) {
    if (twin[i] == TEXT_NONE) continue;
    rejected[twin[i]]++;
    if (isnan(jaccard[i]) || jaccard[i] >= out->loosest) continue;
    out->loosest = jaccard[i];
    out->loosest_of = (uint32_t)i;
  }
  for (size_t i = 0; i < n; i++) {
    if (rejected[i] == 0) continue;
    size_t size = (size_t)rejected[i] + 1;
    out->clusters++;
    out->over += limit > 0 && size > limit;
    if (size <= out->largest) continue;
    out->largest = size;
    out->largest_of = (uint32_t)i;
  }
  free(rejected);
  return 0;
}
