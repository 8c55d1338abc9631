/* modules/embed/static_model.h - a static embedding: a table with one vector a piece of text, as model2vec publishes
** (github.com/MinishLab/model2vec): model.safetensors and tokenizer.json.
**
**   text -> pieces (wordpiece.h) -> sum of weight[piece] * embeddings[mapping[piece]]
**
** Pieces that the vocabulary does not know count nothing. No matrix product, no order of words: a text costs what
** its pieces cost to find and to add. The whole text counts (model2vec cuts it after 512 pieces unless told). What
** makes a sum of whole numbers (int8 without weights) is exact; others are added as floats in blocks of 256 pieces,
** those as doubles: the same bits on every path.
**
** Tensors: "embeddings" (or "embedding.weight") [rows][dim] of I8, F16, BF16, F32 or F64; where there are "weights"
** [pieces], such numbers, the frequency weights are apart; where there is "mapping" [pieces], I32, I64, U32 or U16,
** several pieces share a row. Other tensors are left alone. */
#ifndef TAMIS_STATIC_MODEL_H
#define TAMIS_STATIC_MODEL_H

#include "core/simd.h"
#include "vectors/embedder.h"

/* The embedder of a file's bytes, which need not outlive the call; meaning is 1. NULL with err worded. */
Embedder *static_model_open(Span tensors, Span tokenizer, const char *name, Error *err);
/* The same with one path of the kernels; the vectors are the same for each. */
Embedder *static_model_open_path(SimdPath path, Span tensors, Span tokenizer, const char *name, Error *err);


#endif
