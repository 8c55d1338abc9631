/* modules/neardup/confirm.h - matches of texts that the vectors of their rows must confirm (leaders.h). A copy is then a
** text of the same bytes with a vector of the same bytes: only that has the same cosine with every other. Inside the
** module only. */
#ifndef TAMIS_CONFIRM_H
#define TAMIS_CONFIRM_H

#include <xxhash.h>

#include "neardup/leaders.h"

typedef enum Confirmed { CONFIRMED, REFUTED, NOT_KNOWN } Confirmed;

static inline uint32_t confirm_slot(const LeaderParams *p, uint32_t text) { return p->vectors->slot[p->row[text]]; }

/* Two texts of a Jaccard at the threshold. */
static inline Confirmed confirm(const LeaderParams *p, uint32_t a, uint32_t b) {
  if (p->vectors == NULL) return CONFIRMED;
  const uint32_t x = confirm_slot(p, a), y = confirm_slot(p, b);
  if (x == VECTOR_NONE || y == VECTOR_NONE) return NOT_KNOWN;
  return vectors_cosine(p->vectors, x, y) >= p->cosine ? CONFIRMED : REFUTED;
}

/* The hash by which copies of a text are looked for: with that of its vector; of its own, where it has none. */
static inline uint64_t confirm_hash(const LeaderParams *p, uint32_t text, uint64_t hash) {
  if (p->vectors == NULL) return hash;
  const Vectors *v = p->vectors;
  const uint32_t slot = confirm_slot(p, text);
  if (slot == VECTOR_NONE) return XXH3_64bits_withSeed(&text, sizeof text, hash);
  const size_t bytes = v->dim * (v->kind == VECTOR_F16 ? sizeof(uint16_t) : sizeof(float));
  return XXH3_64bits_withSeed((const char *)v->data + slot * bytes, bytes, hash);
}

/* Are two texts of the same bytes and the same confirm_hash copies? */
static inline int confirm_copy(const LeaderParams *p, uint32_t a, uint32_t b) {
  if (p->vectors == NULL) return 1;
  const uint32_t x = confirm_slot(p, a), y = confirm_slot(p, b);
  return x != VECTOR_NONE && y != VECTOR_NONE && vectors_cosine(p->vectors, x, y) == 1;
}

#endif
