/* modules/topics/model.h - topics as a file: the centroids, and a note of what the stage knows of them (names, the
** embedding). A later run places its rows by it.
**   "TAMISTOP"  version 4  k 4  dim 4  note 4  check 8  note  centroids [k][dim] float32
** All numbers little-endian. The check is XXH3-64 of what stands behind it, seeded with that of what stands before. */
#ifndef TAMIS_TOPICS_MODEL_H
#define TAMIS_TOPICS_MODEL_H

#include "core/buf.h"
#include "topics/kmeans.h"

#define TOPIC_MODEL_MAGIC "TAMISTOP"
enum { TOPIC_MODEL_VERSION = 1, TOPIC_MODEL_MAX_NOTE = 1 << 26 };

int topic_model_write(const Centroids *c, Span note, Buf *out);   /* 0; -1 if out of memory */
/* Any bytes. note points into them. `name` is the file's, for err. 0; -1 with err worded and *c empty. */
int topic_model_read(Span bytes, const char *name, Centroids *c, Span *note, Error *err);

/* Which centroids of two sets are the same topic: pairs in order of their cosine, ties by number, each centroid in one
** at most. */
typedef struct TopicPair { uint32_t a, b; double cosine; } TopicPair;
/* Pairs of `least` or more into pair[min(a->k, b->k)]; how many. Negative if out of memory. */
int64_t topic_model_match(const Centroids *a, const Centroids *b, double least, TopicPair *pair);

#endif
