/* modules/core/union_find.h - which things are connected: parent[i] leads to the lowest of a set, its
** root, which is its own parent. For one thread; lsh.c has one that several share. */
#ifndef TAMIS_UNION_FIND_H
#define TAMIS_UNION_FIND_H

#include <stddef.h>
#include <stdint.h>

static inline void union_begin(uint32_t *parent, size_t n) {
  for (size_t i = 0; i < n; i++) parent[i] = (uint32_t)i;
}

static inline uint32_t union_root(uint32_t *parent, uint32_t i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

static inline void union_join(uint32_t *parent, uint32_t a, uint32_t b) {
  a = union_root(parent, a);
  b = union_root(parent, b);
  if (a < b) parent[b] = a;
  else parent[a] = b;
}

#endif
