/* modules/neardup/cluster.h - from verified pairs to clusters: who is kept, who is rejected, and
** which kept text does a rejected one name? No text is read; so one threshold after the other can
** be tried on the same pairs.
**
**   leader      texts are visited in order; one that a kept, already visited text matches is rejected
**               and names the kept match of highest Jaccard, the first visited of equals
**   components  texts connected by matches are one cluster; its first visited text is kept and all
**               others name it. Where that text itself is no known match, `via` is the neighbour
**               through which the walk from the kept text (breadth first, highest Jaccard first)
**               came, so that following via leads to the kept text
**
** Texts of Jaccard 1 have the same shingles, hence the same Jaccard with every other text: they are
** one node, named by the first visited of them. It is enough that a copy's pair with any of its
** like is given. */
#ifndef TAMIS_CLUSTER_H
#define TAMIS_CLUSTER_H

#include "neardup/texts.h"

typedef struct TextPair { uint32_t a, b; double jaccard; } TextPair;   /* a < b */

typedef enum ClusterMode { CLUSTER_LEADER, CLUSTER_COMPONENTS } ClusterMode;

typedef struct ClusterNear { double jaccard; uint32_t text; } ClusterNear;

typedef struct ClusterGraph {
  size_t n;
  uint32_t *order;      /* [n] texts in visiting order */
  uint32_t *rank;       /* [n] a text's place in it */
  uint32_t *like;       /* [n] the first visited text of the same shingles; itself, if it is that */
  size_t *start;        /* [n + 1] neighbours of a node; none for other texts */
  ClusterNear *near;    /* nodes, highest Jaccard first, then first visited */
} ClusterGraph;

typedef struct Clusters {
  size_t n, rejected;
  uint32_t *twin;       /* [n] the kept text; TEXT_NONE: kept */
  double *jaccard;      /* [n] with the twin; NaN for a kept text, and (components) where no pair says it */
  uint32_t *via;        /* [n] components: the matching neighbour; TEXT_NONE: the twin itself, or kept */
  double *via_jaccard;  /* [n] with it; NaN */
  uint32_t *kept, *queue;   /* [n] room */
  uint8_t *seen;        /* [n] room */
} Clusters;

/* order NULL: as they stand. same NULL, or [n] an earlier text with the same bytes or TEXT_NONE.
** Pairs may stand in any order, and twice. 0; -1 if out of memory, with *g empty. */
int cluster_graph_init(ClusterGraph *g, size_t n, const uint32_t *order, const uint32_t *same,
                       const TextPair *pair, size_t npairs);
void cluster_graph_free(ClusterGraph *g);

/* Room for the clusters of n texts. 0; -1 if out of memory, with *c empty. */
int clusters_init(Clusters *c, size_t n, ClusterMode mode);
void clusters_free(Clusters *c);
/* Clusters at a threshold, over the pairs of g at it or above. barred NULL, or [n] texts that are
** rejected where they match but never kept: no text names them, and where nobody else is there to be
** named their twin is TEXT_NONE. Allocates nothing; c may be taken again. O(n + pairs). */
void cluster_take(const ClusterGraph *g, double threshold, ClusterMode mode, const uint8_t *barred, Clusters *c);

typedef struct ClusterFigures {
  size_t clusters;      /* of two texts or more */
  size_t largest;       /* texts in the largest; */
  uint32_t largest_of;  /* its kept text, the first of equals; TEXT_NONE: there is none */
  size_t over;          /* clusters of more than `limit` texts */
  double loosest;       /* lowest Jaccard of a rejected text with its twin, NaN: none is known; */
  uint32_t loosest_of;  /* the first text that has it */
} ClusterFigures;
/* limit 0: none is over it. 0; -1 if out of memory. */
int cluster_figures(const uint32_t *twin, const double *jaccard, size_t n, size_t limit, ClusterFigures *out);

#endif
