/* modules/neardup/marks.c - see marks.h */
#include "neardup/marks.h"

#include <math.h>
#include <stdlib.h>

typedef struct Size { uint32_t texts, open; double loosest; } Size;

static void measure(Size *size, const Leaders *l) {
  for (size_t i = 0; i < l->n; i++) size[i].loosest = NAN;
  for (size_t i = 0; i < l->n; i++) {
    Size *s = &size[l->twin[i] != TEXT_NONE ? l->twin[i] : i];
    s->texts++;
    s->open |= l->open[i];
    if (l->twin[i] != TEXT_NONE && !(s->loosest <= l->jaccard[i])) s->loosest = l->jaccard[i];
  }
}

static int is_listed(const Size *s) { return s->texts > 1 || s->open; }

int marks_list(VerdictList *list, const uint32_t *row, const Leaders *l) {
  Size *size = calloc(l->n + 1, sizeof *size);
  if (size == NULL) return -1;
  measure(size, l);
  size_t clusters = 0, members = 0;
  for (size_t i = 0; i < l->n; i++)
    if (is_listed(&size[i])) {
      clusters++;
      members += size[i].texts;
    }
  list->clusters = malloc((clusters + 1) * sizeof *list->clusters);
  list->members = malloc((members + 1) * sizeof *list->members);
  for (size_t i = 0; list->clusters != NULL && list->members != NULL && i < l->n; i++) {
    const size_t kept = l->twin[i] != TEXT_NONE ? l->twin[i] : i;
    if (is_listed(&size[i]))
      list->clusters[list->nclusters++] = (RowCluster){ row[i], size[i].texts, !size[i].open, size[i].loosest };
    if (is_listed(&size[kept])) list->members[list->nmembers++] = (ClusterMember){ row[i], row[kept] };
  }
  free(size);
  return list->clusters == NULL || list->members == NULL ? -1 : 0;
}

int leaders_verdicts(VerdictList *list, const View *v, const Rows *rows, const Leaders *l, const char *metric,
                     Error *err) {
  list->metric_name = metric;
  list->metric = malloc((v->corpus->nrows + (size_t)1) * sizeof *list->metric);
  list->pairs = malloc((l->npairs + 1) * sizeof *list->pairs);
  if (list->metric == NULL || list->pairs == NULL) return error_memory(err);
  for (uint32_t i = 0; i < v->corpus->nrows; i++) list->metric[i] = NAN;
  for (size_t i = 0; i < l->n; i++) {
    if (!is_judged(rows, i)) continue;
    list->metric[rows->row[i]] = l->jaccard[i];
    if (l->twin[i] == TEXT_NONE) continue;
    VerdictEntry e = { .row = rows->row[i], .twin = rows->row[l->twin[i]], .value = l->jaccard[i],
                       .threshold = NAN, .blob = -1 };
    if (l->via != NULL && l->via[i] != TEXT_NONE) {
      e.via = rows->row[l->via[i]] + 1;
      e.threshold = l->via_jaccard[i];
    }
    if (verdicts_add(list, e) != 0) return error_memory(err);
  }
  for (size_t i = 0; i < l->npairs; i++)
    if (is_judged(rows, l->pair[i].a) || is_judged(rows, l->pair[i].b))
      list->pairs[list->npairs++] = (VerifiedPair){ rows->row[l->pair[i].a], rows->row[l->pair[i].b],
                                                    l->pair[i].jaccard };
  if (rows->again != NULL) return 0;   /* which clusters there are, the first visit said */
  return marks_list(list, rows->row, l) != 0 ? error_memory(err) : 0;
}

void marks_open(const RowCluster *cluster, size_t nclusters, const ClusterMember *member, size_t nmembers,
                uint8_t *open, uint32_t nrows) {
  memset(open, 0, nrows);
  for (size_t i = 0; i < nclusters; i++) open[cluster[i].row] = !cluster[i].complete;
  /* a member's cluster may lie behind it: so the kept rows first */
  for (size_t i = 0; i < nmembers; i++) open[member[i].row] = open[member[i].cluster];
}
