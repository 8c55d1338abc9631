/* modules/neardup/recall.c - see recall.h */
#include "neardup/recall.h"

#include <stdlib.h>

#include "neardup/lsh.h"

int recall_count(const TextSource *src, const LeaderParams *p, const TextPair *pair, size_t npairs,
                 size_t *proposed) {
  const size_t stride = lsh_stride(p->bands);
  SketchPlan plan = leaders_plan(p);
  SketchRoom *room = sketch_room_new(&plan);
  uint32_t *keys = malloc((src->n + 1) * stride * sizeof *keys);
  uint8_t *wanted = calloc(src->n + 1, 1);
  Grams g = { 0 };
  int r = room == NULL || keys == NULL || wanted == NULL ? -1 : 0;
  for (size_t i = 0; r == 0 && i < npairs; i++) wanted[pair[i].a] = wanted[pair[i].b] = 1;
  for (size_t i = 0; r == 0 && i < src->n; i++) {
    if (!wanted[i]) continue;
    if (interrupt_pending()) r = POOL_INTERRUPTED;
    else r = text_read(src, i, 0, &g, p->shingle);
    if (r != 0) break;
    unsigned used = sketch_keys(&plan, room, &g, keys + i * stride);
    lsh_pad(keys + i * stride, used, stride, (uint32_t)i);
  }
  *proposed = 0;
  for (size_t i = 0; r == 0 && i < npairs; i++)
    *proposed += lsh_meet(keys + pair[i].a * stride, keys + pair[i].b * stride, stride) != 0;
  grams_free(&g);
  sketch_room_free(room);
  free(keys);
  free(wanted);
  return r;
}
