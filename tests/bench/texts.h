/* tests/bench/texts.h - what benchmarks over texts share: the thread's CPU time, numbers that are the same on every run,
** and a file's bytes behind those of others. */
#ifndef TAMIS_BENCH_TEXTS_H
#define TAMIS_BENCH_TEXTS_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/buf.h"

static inline double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* 0 to n - 1 (a linear congruential generator, Knuth's MMIX). */
static inline uint32_t draw(uint32_t n) {
  static uint64_t seed = 7;
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

/* Nothing where there is no such file. */
static inline void add_file(Buf *b, const char *path) {
  char block[1 << 16];
  FILE *f = fopen(path, "rb");
  if (f == NULL) return;
  for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
    if (buf_add(b, block, n) != 0) exit(1);
  fclose(f);
}

#endif
