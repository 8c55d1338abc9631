/* modules/neardup/sketch.h - partitioned MinHash ("RowMin"): one update a shingle, whatever the
** number of slots.
**
** A shingle's 32-bit hash chooses one of R registers; a register holds eight minima, under
** eight multipliers of the hash (one AVX2 register image):
**
**   register 0      [ min h*a0 | min h*a1 | … | min h*a7 ]      slots = 8 R
**   …
**   register R - 1  [          |          |   |          ]
**
** Two texts agree in a slot with probability J. A register that no shingle chose is filled by
** hashing again into the registers left empty, as in Fast Similarity Sketching (Dahlgaard,
** Knudsen, Thorup 2017), and at last by all shingles: no densification, no bias.
** A band's key is a hash of its slots; two texts are candidates if a key agrees. The slots of one
** register share their shingles, so they agree together more often than by chance: a band has
** slots of different registers, and each lane's registers are dealt to its bands in an order of
** its own, so that two bands share few registers. Without that, a register that holds one of the
** few shingles two short texts do not share would spoil the same band in all lanes at once (pairs
** of 46 shingles at J = 0.8, 36 bands of 7: 1% missed, against 0.2% with it, 0.03% by the curve).
** What is still missed of texts of few shingles, more bands of fewer slots find, that only those
** texts have. */
#ifndef TAMIS_SKETCH_H
#define TAMIS_SKETCH_H

#include "neardup/grams.h"

enum { SKETCH_MAX_HASHES = 1024, SKETCH_MAX_BANDS = 512, SKETCH_LANES = 8 };

typedef struct SketchPlan {
  unsigned registers;   /* R */
  unsigned bands, rows; /* bands of so many slots */
  /* texts of so many shingles or fewer have more bands, of their own number of slots */
  unsigned short_bands, short_rows;
  size_t short_most;
  SimdPath path;
} SketchPlan;

/* 1 <= bands * rows <= hashes <= SKETCH_MAX_HASHES, bands <= SKETCH_MAX_BANDS. No bands for short
** texts alone: who wants them sets the three (1 <= short_rows <= hashes, all bands together at most
** SKETCH_MAX_BANDS). */
SketchPlan sketch_plan(unsigned hashes, unsigned bands, unsigned rows, SimdPath path);

/* Bands and rows that find a pair at the threshold with probability `recall` or more, with the
** most rows (fewest false candidates) that `hashes` slots allow; one row a band if none does. */
void sketch_solve(unsigned hashes, double threshold, double recall, unsigned *bands,
                  unsigned *rows);

/* 1 - (1 - J^rows)^bands: the chance that a pair of that similarity becomes a candidate. */
double sketch_curve(unsigned bands, unsigned rows, double jaccard);

/* A worker's room. */
typedef struct SketchRoom SketchRoom;
SketchRoom *sketch_room_new(const SketchPlan *plan);   /* NULL if out of memory */
void sketch_room_free(SketchRoom *room);

/* Keys of the text's bands into keys[0..bands + short_bands); how many the text has: all of them,
** or, if it is not short, `bands`. */
unsigned sketch_keys(const SketchPlan *plan, SketchRoom *room, const Grams *g, uint32_t *keys);
/* All slots, 8 * registers of them: slot lane * registers + register. */
void sketch_slots(const SketchPlan *plan, SketchRoom *room, const Grams *g, uint32_t *slots);

#endif
