// The two-stage output head. A coarse copy of the output matrix, four bits a weight, ranks the vocabulary; only rows
// that could be among the best are computed exactly. Which could follows from a bound.
//
// Row v is quantized with step D_v = max|w_v| / 7.49 and subtractive dither d_i, uniform in [-1/2, 1/2), the same for
// all rows: u = round(w / D - d) + 8, and D (u - 8 + d) stands for w. The error of each weight is then uniform in
// [-D/2, D/2], independent of the weights and of each other [Schuchman 1964; Lipshitz, Wannamaker & Vanderkooy 1992],
// so the error of a logit, a sum of x_i times such errors, is sub-Gaussian with variance proxy D^2 |x|^2 / 12:
//     P(|error| > D |x| sqrt(ln(2 / p) / 6)) <= p.
//
// The activations become int8: X = floor(x / s + t), s = max|x| / 127, with thresholds t_i uniform in [0, 1), the same for
// all tokens and independent of x and of the dither. Then X s has the mean x, and each of its errors lies in an interval
// of length s around it [Hoeffding 1963], which adds |D (u - 7.5 + d)|^2 s^2 / 4 to the proxy: at most 3 R^2 s^2 to |x|^2
// above, R the largest length of any row in its steps. Where that would widen the bound noticeably (one x far larger than
// all others) x is rounded to 15 bits instead, in two halves, at twice the work.
//
// With p = 10^-14 the factor is 2.3425. Over 128,256 logits a token, one token in 780 million may get a wrong candidate
// set. The exact logits of the coarse best give a threshold that the wanted best reach at least; every row whose coarse
// logit plus its bound reaches the threshold is computed exactly.
#ifndef TERN_COARSE_H
#define TERN_COARSE_H

#include "tern_kernels.h"

#define COARSE_BOUND 2.3425f

#define COARSE_ZERO 7.5  // what a code stands for less: D (u - 7.5 + d)

#define COARSE_WIDER 0.1  // of |x|^2, that rounding x to int8 may add: 5% of the bound

enum {
    MAX_COARSE_N = 16384,
    X_BYTE = 127,          // activations as integers, |X| <= 127,
    X_HIGH = 128,          // or X = 128 * high + low, |X| <= 16319
    X_LIMIT = 16319,
};

// acc[r] = sum of u * (128 high + low) for n_rows rows of n / 2 bytes, or of u * high if `low` is NULL: byte j of each 64
// holds the codes of values j and (in its high bits) j + 64 of 128.
typedef void coarse_rows_fn(const uint8_t *rows, int32_t n_rows, const int8_t *high, const int8_t *low, int32_t n,
                            int32_t *acc);

#endif
