// Public interface of libtern_kernels: BitLinear W1.58A8 on I2_S bytes as ggml custom ops.
//
// The arithmetic (transformers, integrations/bitnet.py): per token s = 127 / max(|x|max, 1e-5),
// q = clip(round_half_even(x * s), -128, 127), y = (W_ternary . q) / s * weight_scale.
// Integer sums are exact and every float is computed in one stated order, so all instruction sets
// and all thread counts give the same bits.
//
// I2_S: row-major codes 0, 1, 2 for -1, 0, +1; 128 values of a row make 32 bytes: value j sits in
// byte j % 32 at bits 6 - 2 * (j / 32). No pointer given to this library needs alignment.
#ifndef TERN_KERNELS_H
#define TERN_KERNELS_H

#include <stdint.h>

#if defined(_WIN32)
#define TERN_API __declspec(dllexport)
#else
#define TERN_API __attribute__((visibility("default")))
#endif

#define TERN_ABI_VERSION 7

struct ggml_tensor;

enum tern_activation { TERN_RELU2 = 0, TERN_SILU = 1 };

// One ternary matrix [n_out][n_in]; n_in stands in the op's arguments.
struct tern_matrix {
    const uint8_t *codes;    // I2_S, n_out * n_in / 4 bytes; never read when there are columns or packed rows
    const uint8_t *columns;  // NULL, or what tern_repack_columns wrote: lets decode skip zero columns
    float scale;
    int32_t n_out;
    const uint8_t *packed;   // NULL, or what tern_pack_rows wrote: a fifth less to read
};

// Userdata of the three ops. The library writes only `next` and the statistics.
struct tern_norm_quant_args {
    const float *weight;  // [n], or NULL: quantize without RMSNorm
    float eps;
    int32_t n;
    int32_t live;           // 1: at one token, append the list of nonzero columns
    int32_t reserved;
    int64_t live_columns;   // statistics, summed over calls with `live`
    int64_t total_columns;
};

enum { TERN_MAX_FUSED = 16384 };

struct tern_bitlinear_args {
    struct tern_matrix mats[3];
    struct tern_norm_quant_args *norm;  // or NULL: see below
    int32_t n_mats;
    int32_t n_in;
    int32_t next;  // work counter; zero between calls
    int32_t reserved;
};

struct tern_gate_up_args {
    struct tern_matrix gate, up;
    struct tern_norm_quant_args *norm;  // or NULL: see below
    int32_t n_in;
    int32_t activation;  // enum tern_activation
    int32_t next;        // work counter; zero between calls
    int32_t reserved;
    int64_t live_rows;   // statistics, summed over one-token calls with ReLU2
    int64_t total_rows;
};

// Ops: ggml_custom_op_t, every thread of the pool calls them.
//   norm_quant: src0 f32 [n, T]               -> dst i8  [tern_quant_row_bytes(n, live), T]
//   bitlinear:  src0 i8 rows, src1 residual?  -> dst f32 [sum of n_out, T]
//   gate_up:    src0 i8 rows                  -> dst f32 [n_ff, T] = act(gate) * up
// With `norm` the last two take the floats themselves, one token of at most TERN_MAX_FUSED columns: every thread
// norms and quantizes it for itself, which takes less time than one of them doing it and the others waiting.
TERN_API void tern_op_norm_quant(struct ggml_tensor *dst, int ith, int nth, void *userdata);
TERN_API void tern_op_bitlinear(struct ggml_tensor *dst, int ith, int nth, void *userdata);
TERN_API void tern_op_gate_up(struct ggml_tensor *dst, int ith, int nth, void *userdata);

// Attention of T query tokens over the KV cache (attention.c). The token at row t of src0 stands at position
// src3[0] + t and sees every position up to its own.
struct tern_attention_args {
    int32_t n_heads, n_kv_heads;  // at most 64 query heads share one key and value head
    int32_t head_dim;             // at most 256
    int32_t chunk;                // 0, or positions a task covers: then the op writes partial results
    float scale;                  // 1 / sqrt(head_dim)
    int32_t next, done;           // work counters; zero between calls
    int32_t reserved;
};

//   attention: src0 q f32 [head_dim, n_heads, T], src1 K and src2 V [n_kv_heads * head_dim, context] of type
//     f32, f16 or q8_0, src3 positions i32 [T] -> dst f32 [n_heads * head_dim, T], or with `chunk` f32
//     [chunks * n_heads * tern_attention_partial_floats(head_dim), T]
//   attention_merge: src0 that, src1 positions -> dst f32 [n_heads * head_dim, T]; the same userdata
TERN_API void tern_op_attention(struct ggml_tensor *dst, int ith, int nth, void *userdata);
TERN_API void tern_op_attention_merge(struct ggml_tensor *dst, int ith, int nth, void *userdata);
TERN_API int64_t tern_attention_partial_floats(int32_t head_dim);

// The whole output head: src0 x f32 [n, T] -> dst f32 [n_vocab, T].
struct tern_head_args {
    const uint8_t *weights;  // [n_vocab][n] of `type`
    int32_t n;               // a multiple of 128
    int32_t type;            // ggml_type F16 or F32
    int32_t next;            // work counter; zero between calls
    int32_t reserved;
};
TERN_API void tern_op_head(struct ggml_tensor *dst, int ith, int nth, void *userdata);

// The two-stage output head for one token (coarse.h).
enum { TERN_COARSE_BEST = 128 };  // rows whose exact logits set the threshold; `wanted` is at most this

struct tern_coarse_best {
    float value;
    int32_t id;
};

struct tern_coarse_args {
    const uint8_t *rows;     // [n_vocab][n / 2], written by tern_coarse_build, with `step` [n_vocab]
    const float *step;
    const float *dither;     // [n], uniform in [-1/2, 1/2)
    const float *direction;  // [n], of length 1 (or zeros): taken out of x before the coarse product
    const float *along;      // [n_vocab], exact rows times direction
    const float *reach;      // [n_vocab], length of what stands for a row, in its steps
    const uint8_t *weights;  // the exact rows [n_vocab][n] of `type` (ggml_type F16 or F32)
    struct tern_coarse_best *best;  // room for TERN_COARSE_BEST a thread
    int32_t n, type, n_vocab;
    int32_t wanted;          // the `wanted` best rows are certainly among those selected
    int32_t capacity;        // rows that coarse_select has room for
    int32_t n_threads, next;
    int32_t count;           // rows that might reach the threshold; beyond `capacity` they are only counted
    int32_t file;            // descriptor to read exact rows from, or -1: read them through `weights`
    int32_t kept;            // those of them whose exact logit does
    int32_t arrived;         // threads that have appended theirs; 0 between calls
    int64_t file_offset;     // of row 0
    float largest_reach;     // of all rows
};

//   coarse:        src0 x f32 [n, 1]                -> dst f32 [n_vocab, 1]
//   coarse_exact:  src0 that, src1 x                -> dst i32 [2 * TERN_COARSE_BEST, 1]
//   coarse_select: src0, src1 those two, src2 x     -> dst i32 [2 * capacity, 1]
TERN_API void tern_op_coarse(struct ggml_tensor *dst, int ith, int nth, void *userdata);
TERN_API void tern_op_coarse_exact(struct ggml_tensor *dst, int ith, int nth, void *userdata);
TERN_API void tern_op_coarse_select(struct ggml_tensor *dst, int ith, int nth, void *userdata);
TERN_API void tern_coarse_build(const uint8_t *weights, int32_t type, int32_t n, int32_t first, int32_t end,
                                const float *dither, const float *direction, uint8_t *rows, float *step,
                                float *along, float *reach);

// Bytes of one quantized token: q padded to 256, a 64-byte trailer, and room for the live list.
TERN_API int64_t tern_quant_row_bytes(int32_t n, int32_t live);

// Column-major copy of a matrix for sparse decode; layout in layout.h.
TERN_API int64_t tern_columns_bytes(int32_t n_in, int32_t n_out);
TERN_API void tern_repack_columns(const uint8_t *codes, int32_t n_in, int32_t n_out, uint8_t *out);

// Rows with five codes a byte (packed.c). 0 bytes: n_in is not a multiple of 1280, so such rows are not packed.
// tern_packs: whether the active instruction set is known to read packed rows faster (any can read them);
// tern_reads_packed: whether the named one reads them in registers, so that it may and timing has to tell.
TERN_API int32_t tern_packs(void);
TERN_API int32_t tern_reads_packed(const char *name);
TERN_API int64_t tern_packed_bytes(int32_t n_in, int32_t n_out);
TERN_API void tern_pack_rows(const uint8_t *codes, int32_t n_in, int32_t first, int32_t end, uint8_t *out);

// Instruction sets. select(NULL) takes the best; 0 = done, 1 = no such name, 2 = this CPU lacks it.
TERN_API int32_t tern_select_kernel(const char *name);
TERN_API const char *tern_kernel_name(void);
TERN_API const char *tern_kernels_available(void);  // comma-separated, best first
TERN_API const char *tern_kernels_known(void);

// Sum of code * q over one row (codes 0..2, q in the row arrangement of layout.h) by the named
// instruction set; INT32_MIN if this CPU lacks it.
TERN_API int32_t tern_dot_i2s(const char *name, const uint8_t *codes, const int8_t *q, int32_t n);

TERN_API int32_t tern_abi_version(void);
TERN_API int64_t tern_sizeof_ggml_tensor(void);

#endif
