/* modules/embed/wordpiece_inside.h - what reading a tokenizer.json and cutting by it share. */
#ifndef TAMIS_WORDPIECE_INSIDE_H
#define TAMIS_WORDPIECE_INSIDE_H

#include "embed/wordpiece.h"

#define PIECE_NONE UINT32_MAX

/* The vocabulary as a trie of bytes: node 0 is its root, and `inner` what the prefix of continuing pieces leads to.
** The edges stand in a hash table, so that it is built as it is read. */
typedef struct Trie {
  uint64_t *edge;      /* [mask + 1] (node << 8 | byte) << 32 | child; 0: free (a child is never 0) */
  uint32_t mask, nedges;
  uint32_t *piece;     /* [cap] what ends in a node; PIECE_NONE */
  uint32_t nodes, cap;
  uint32_t inner;      /* 0: the prefix is empty; PIECE_NONE: no piece goes on */
} Trie;

enum { TRIE_MAX_NODES = 1 << 24 };

/* A text that is a piece by itself wherever it stands, as it is written. */
typedef struct AddedPiece { Span text; uint32_t piece; } AddedPiece;

struct Wordpiece {
  Trie trie;
  uint32_t unknown, count;
  uint32_t max_chars;
  uint8_t clean, chinese, strip, lower;    /* the normalizer's options */
  uint8_t kind[256];                       /* ByteKind of each byte */
  uint32_t punctuation[128];               /* the piece of an ASCII punctuation character */
  AddedPiece *added;                       /* [nadded] */
  size_t nadded;
  char *texts;                             /* of the added pieces */
  uint8_t starts[128];                     /* whether an added piece begins with it */
};

typedef enum ByteKind { BYTE_ALNUM, BYTE_HIGH, BYTE_CONTROL, BYTE_SPACE, BYTE_PUNCTUATION } ByteKind;

static inline uint32_t trie_slot(const Trie *t, uint32_t key) {
  return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & t->mask;
}

static inline uint32_t trie_child(const Trie *t, uint32_t node, unsigned char byte) {
  uint32_t key = node << 8 | byte;
  for (uint32_t i = trie_slot(t, key);; i = (i + 1) & t->mask) {
    uint64_t e = t->edge[i];
    if (e == 0) return PIECE_NONE;
    if ((uint32_t)(e >> 32) == key) return (uint32_t)e;
  }
}

/* The piece that the whole of text is, from a node on; PIECE_NONE. */
static inline uint32_t trie_find(const Trie *t, uint32_t node, const char *text, size_t len) {
  for (size_t i = 0; i < len && node != PIECE_NONE; i++) node = trie_child(t, node, (unsigned char)text[i]);
  return node == PIECE_NONE ? PIECE_NONE : t->piece[node];
}

ByteKind byte_kind(unsigned byte);

#endif
