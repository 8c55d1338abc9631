/* modules/embed/wordpiece.h - BERT's tokenizer: which pieces of a vocabulary is a text made of?
**
**   text -> without control characters, Chinese characters apart, accents stripped, lower case (as the file says)
**        -> words: cut at white space; each punctuation character and each Chinese character is one
**        -> pieces: the longest that the vocabulary has, again and again; those that go on begin with "##"
**        "Unaffable!" -> un ##aff ##able !
**
** A word that cannot be cut whole, or has too many characters, is the unknown piece. Devlin, Chang, Lee, Toutanova,
** "BERT", 2018; google-research/bert, tokenization.py; in detail (what is a control character, that accents go before
** case) as huggingface/tokenizers has it, since it made the files. Two differences: marks are not put into canonical
** order, which matters only to marks that stay (Mc, two in a row); bytes that are no UTF-8 count as U+FFFD.
**
** tokenizer.json holds many kinds of tokenizers; read are those with a WordPiece model, a BertNormalizer (or none)
** and a BertPreTokenizer. */
#ifndef TAMIS_WORDPIECE_H
#define TAMIS_WORDPIECE_H

#include "core/error.h"
#include "core/simd.h"
#include "core/span.h"

typedef struct Wordpiece Wordpiece;
typedef struct WordpieceCache WordpieceCache;

enum {
  WORDPIECE_MAX_CHARS = 1000,              /* a file's max_input_chars_per_word may be no more */
  WORDPIECE_ROOM = 2 * WORDPIECE_MAX_CHARS /* pieces of room that wordpiece_pieces needs at least */
};

/* Reads a tokenizer.json; name stands in the messages. NULL with err worded. The result never changes. */
Wordpiece *wordpiece_open(Span json, const char *name, Error *err);
void wordpiece_free(Wordpiece *t);                    /* NULL is left alone */
uint32_t wordpiece_count(const Wordpiece *t);         /* the highest piece and 1: pieces are numbered from 0 */
uint32_t wordpiece_unknown(const Wordpiece *t);       /* the unknown piece */

/* What one thread remembers of words it has cut: words repeat. It changes nothing but speed. NULL: out of memory. */
WordpieceCache *wordpiece_cache_new(SimdPath path);
void wordpiece_cache_free(WordpieceCache *c);         /* NULL is left alone */

/* Cuts text from *at on (a value that it left there, 0 at first) into piece[0..room), room >= WORDPIECE_ROOM. Returns
** how many; *at is text.len once all is cut. One cache serves one tokenizer. */
size_t wordpiece_pieces(const Wordpiece *t, WordpieceCache *c, Span text, size_t *at, uint32_t *piece, size_t room);

#endif
