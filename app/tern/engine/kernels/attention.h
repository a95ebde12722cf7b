// Attention over the KV cache as ggml custom ops: each key and value is read once for all the query heads
// that share it, and only as many positions as exist.
#ifndef TERN_ATTENTION_H
#define TERN_ATTENTION_H

#include "tern_kernels.h"

enum {
    MAX_HEAD_DIM = 256,
    MAX_QUERIES = 64,       // query rows (tokens x heads of one group) worked on together
    POSITION_BLOCK = 64,    // cache positions converted to floats at a time
    PARTIAL_EXTRA = 16,     // floats before each partial result: maximum, sum, padding
    LEAST_PIECE = 32, MOST_PIECES = 24,  // one token: positions in a piece, and pieces
    AHEAD = 24,             // positions between a prefetch and its use
};

// Some query rows of one group of heads against positions [first, end) of the cache.
struct attend_task {
    const float *q;  // [n_tokens][n_heads][head_dim], at the first token
    int64_t q_stride;  // floats between tokens
    const uint8_t *k, *v;  // at position 0 of this group's head
    int64_t row_bytes;     // between positions
    int32_t type;          // ggml_type of the cache
    int32_t head_dim, n_shared;  // n_shared query heads share the group's keys and values
    int32_t n_tokens;
    int32_t first_position;  // of the first token: token t sees positions <= first_position + t
    int32_t first, end;
    float scale;
    // What to fetch meanwhile: `head_bytes` a position, in the order it lies in memory; or NULL.
    const uint8_t *next_k, *next_v;
    int64_t head_bytes;
    int32_t cold;  // nobody has fetched these positions: run ahead of the reading
    // Result of row (t, r): either normalized, at out + t * out_stride + r * head_dim, or a partial one:
    // [maximum, sum, 14 unused, head_dim values], at out + t * out_stride + r * row_stride.
    float *out;
    int64_t out_stride, row_stride;
    int32_t partial;
};

typedef void attend_fn(const struct attend_task *task);

// All heads of one token against some pieces of the cache.
struct attend_one_task {
    const float *q;        // [n_heads][head_dim]
    const uint8_t *k, *v;  // the cache at position 0
    int64_t row_bytes, head_bytes;
    int32_t type;
    int32_t head_dim, n_shared, n_kv_heads;  // head_dim is a multiple of 16
    int32_t positions, pieces;            // the first `positions` of the cache, cut into `pieces`, of which these:
    int32_t first_piece, end_piece;
    float scale;
    float *out;  // [pieces][n_heads][PARTIAL_EXTRA + head_dim]: maximum, sum, unused, values
};

static inline int32_t piece_begin(int32_t positions, int32_t pieces, int32_t piece) {
    return (int32_t)((int64_t)positions * piece / pieces);
}

typedef void attend_one_fn(const struct attend_one_task *task);

#endif
