"""Marginal facts of the archetypes of simulated credit-card customers.

Amounts, counts and limits: quantiles at the `LEVELS` (in %), to three digits, of the values that are not zero (BALANCE:
of all). Frequencies: cumulated shares (in %) of 0, 1, ... 12 twelfths of the months, of the values that are not zero
(BALANCE_FREQUENCY and PRC_FULL_PAYMENT: of all). Tenure: cumulated shares of 6, 7, ... 12 months.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LEVELS: Final = (0, 1, 5, 15, 30, 50, 70, 85, 95, 99, 100)


@dataclass(frozen=True, slots=True)
class Archetype:
    """One kind of customer.

    Attributes
    ----------
    name, summary : str
    share : float
        Of all customers, in %.
    patterns : mapping of str to float
        Shares (in %) of the zero patterns: O one-off purchases, I instalments, C cash advances occur.
    no_payment : float
        Share (in %) that pays nothing.
    tenure : tuple of float, length 7
    quantiles : mapping of str to tuple of float, length 11
    frequencies : mapping of str to tuple of float, length 13
    """

    name: str
    summary: str
    share: float
    patterns: Mapping[str, float]
    no_payment: float
    tenure: tuple[float, ...]
    quantiles: Mapping[str, tuple[float, ...]]
    frequencies: Mapping[str, tuple[float, ...]]


ARCHETYPES: Final = (
    Archetype(
        name="inactive",
        summary="spends and withdraws less than 100 in all",
        share=7.5,
        patterns={"I": 40.4, "O": 28.8, "C": 26.1, "OI": 2.4, "OC": 1.9, "IC": 0.4},
        no_payment=7.7,
        tenure=(2.1, 4.8, 6.1, 7.3, 10.6, 13.4, 100),
        quantiles={
            "BALANCE": (0, 0, 0.291, 3.28, 7.55, 83.3, 992, 1380, 2000, 3910, 6620),
            "ONEOFF_PURCHASES": (0.01, 1.24, 14.7, 23.1, 35.9, 49, 66.2, 77.8, 90, 98.7, 99),
            "INSTALLMENTS_PURCHASES": (4.8, 9.64, 15.5, 27.7, 43.4, 59.8, 75.5, 88.6, 95.5, 99.2, 113),
            "CASH_ADVANCE": (18, 18.1, 18.7, 27.3, 39.1, 58.2, 75.9, 91.7, 97.2, 99.7, 100),
            "CASH_ADVANCE_TRX": (1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 4),
            "PURCHASES_TRX": (1, 1, 1, 1, 1, 2, 3, 5, 9, 12.1, 19),
            "CREDIT_LIMIT": (150, 470, 500, 1000, 1500, 1800, 3000, 5000, 7500, 11100, 15500),
            "PAYMENTS": (0.0565, 18.9, 50.3, 90.7, 161, 273, 391, 608, 1400, 2490, 23200),
            "MINIMUM_PAYMENTS": (0.0192, 8.75, 36, 73.6, 118, 207, 352, 586, 1910, 10800, 30500),
        },
        frequencies={
            "BALANCE_FREQUENCY": (3, 8, 18, 24, 30, 34, 35, 38, 41, 43, 46, 48, 100),
            "PURCHASES_FREQUENCY": (0, 44, 64, 74, 81, 87, 90, 92, 93, 94, 96, 96, 100),
            "ONEOFF_PURCHASES_FREQUENCY": (0, 77, 95, 96, 97, 98, 98, 98, 98, 98, 98, 98, 100),
            "PURCHASES_INSTALLMENTS_FREQUENCY": (0, 27, 48, 62, 73, 82, 86, 90, 90, 93, 96, 97, 100),
            "CASH_ADVANCE_FREQUENCY": (0, 67, 92, 99, 100, 100, 100, 100, 100, 100, 100, 100, 100),
            "PRC_FULL_PAYMENT": (79, 83, 86, 88, 90, 91, 94, 95, 95, 96, 96, 96, 100),
        },
    ),
    Archetype(
        name="transactor",
        summary="buys, withdraws no cash, clears the whole bill in most months",
        share=9.6,
        patterns={"I": 57.5, "OI": 30.5, "O": 12},
        no_payment=0.0,
        tenure=(4.2, 6.1, 8.7, 10.8, 14, 17.1, 100),
        quantiles={
            "BALANCE": (1.16, 6.31, 12.2, 21.1, 32.9, 58.6, 97.3, 144, 221, 318, 1470),
            "ONEOFF_PURCHASES": (0.01, 25.5, 59.2, 114, 241, 568, 907, 1330, 1830, 2220, 2360),
            "INSTALLMENTS_PURCHASES": (1.95, 65.3, 122, 194, 297, 460, 722, 1100, 1680, 2190, 2480),
            "PURCHASES_TRX": (1, 2, 4, 6, 9, 12, 17, 25, 44, 69.4, 232),
            "CREDIT_LIMIT": (300, 500, 1000, 1200, 2000, 3000, 5390, 7500, 11500, 16500, 25000),
            "PAYMENTS": (74.5, 123, 192, 309, 453, 740, 1160, 1660, 2260, 3760, 29000),
            "MINIMUM_PAYMENTS": (34.6, 54.3, 85, 112, 139, 159, 173, 180, 194, 304, 4550),
        },
        frequencies={
            "BALANCE_FREQUENCY": (0, 0, 1, 3, 7, 10, 11, 17, 24, 29, 38, 47, 100),
            "PURCHASES_FREQUENCY": (0, 1, 2, 5, 10, 14, 20, 27, 33, 39, 47, 55, 100),
            "ONEOFF_PURCHASES_FREQUENCY": (0, 22, 35, 41, 48, 54, 59, 64, 69, 71, 74, 79, 100),
            "PURCHASES_INSTALLMENTS_FREQUENCY": (0, 2, 6, 11, 15, 22, 30, 35, 43, 49, 61, 72, 100),
            "PRC_FULL_PAYMENT": (0, 0, 0, 0, 0, 0, 10, 19, 31, 42, 54, 63, 100),
        },
    ),
    Archetype(
        name="instalment buyer",
        summary="buys by instalments only, and revolves",
        share=11.2,
        patterns={"I": 100},
        no_payment=3.5,
        tenure=(1.5, 2.9, 4.6, 6.4, 7.9, 11.7, 100),
        quantiles={
            "BALANCE": (0, 0, 0.625, 12, 30.8, 95.2, 503, 1200, 2040, 4630, 11400),
            "INSTALLMENTS_PURCHASES": (100, 103, 120, 159, 238, 352, 546, 833, 1400, 2280, 2490),
            "PURCHASES_TRX": (1, 2, 3, 5, 8, 11, 12, 19, 34, 59, 162),
            "CREDIT_LIMIT": (450, 702, 1000, 1000, 1500, 2000, 3000, 5000, 8000, 13500, 20000),
            "PAYMENTS": (4.84, 61.1, 114, 169, 267, 443, 715, 1280, 2200, 3910, 8740),
            "MINIMUM_PAYMENTS": (0.0377, 10.5, 28.7, 79.5, 134, 174, 268, 892, 3120, 15100, 56400),
        },
        frequencies={
            "BALANCE_FREQUENCY": (4, 5, 7, 10, 13, 17, 17, 21, 26, 30, 34, 40, 100),
            "PURCHASES_FREQUENCY": (0, 1, 4, 7, 12, 19, 26, 32, 38, 43, 50, 58, 100),
            "PURCHASES_INSTALLMENTS_FREQUENCY": (0, 2, 6, 10, 14, 22, 29, 35, 41, 47, 56, 65, 100),
            "PRC_FULL_PAYMENT": (64, 73, 82, 86, 94, 100, 100, 100, 100, 100, 100, 100, 100),
        },
    ),
    Archetype(
        name="one-off buyer",
        summary="buys in single payments only, and revolves",
        share=7.8,
        patterns={"O": 100},
        no_payment=4.9,
        tenure=(2.3, 3.7, 6, 7.9, 11.4, 15.4, 100),
        quantiles={
            "BALANCE": (0, 2.51, 11.9, 40.1, 105, 379, 1060, 1650, 2860, 4840, 12300),
            "ONEOFF_PURCHASES": (100, 103, 120, 175, 299, 501, 855, 1230, 1760, 2190, 2480),
            "PURCHASES_TRX": (1, 1, 1, 1, 2, 4, 8, 12, 17, 29.1, 186),
            "CREDIT_LIMIT": (150, 450, 1000, 1200, 1800, 3000, 5500, 7500, 10500, 16500, 23000),
            "PAYMENTS": (2.39, 58, 138, 258, 408, 625, 1060, 1780, 3430, 6910, 29300),
            "MINIMUM_PAYMENTS": (5.46, 18.6, 55.3, 92.9, 159, 211, 410, 752, 1370, 3140, 28500),
        },
        frequencies={
            "BALANCE_FREQUENCY": (1, 3, 6, 11, 16, 20, 21, 26, 29, 32, 37, 43, 100),
            "PURCHASES_FREQUENCY": (0, 29, 47, 58, 68, 75, 79, 82, 85, 87, 89, 91, 100),
            "ONEOFF_PURCHASES_FREQUENCY": (0, 29, 47, 59, 68, 75, 79, 82, 85, 87, 89, 91, 100),
            "PRC_FULL_PAYMENT": (83, 89, 94, 96, 99, 100, 100, 100, 100, 100, 100, 100, 100),
        },
    ),
    Archetype(
        name="mixed buyer",
        summary="buys both ways, withdraws no cash, and revolves",
        share=10.6,
        patterns={"OI": 100},
        no_payment=1.6,
        tenure=(0.4, 1.4, 2.3, 3.4, 5.4, 8.4, 100),
        quantiles={
            "BALANCE": (0, 4.58, 26.4, 94, 243, 645, 1230, 1980, 3470, 5500, 10600),
            "ONEOFF_PURCHASES": (0.01, 24.5, 45.6, 111, 249, 460, 819, 1170, 1600, 2060, 2350),
            "INSTALLMENTS_PURCHASES": (7.67, 19.3, 53.7, 100, 190, 349, 576, 898, 1410, 2000, 2430),
            "PURCHASES_TRX": (2, 3, 5, 7, 11, 16, 25, 34, 46, 72.1, 195),
            "CREDIT_LIMIT": (500, 847, 1000, 1500, 2110, 4000, 6000, 8000, 11300, 14500, 21500),
            "PAYMENTS": (18.1, 87.2, 213, 376, 596, 895, 1370, 1940, 3170, 6500, 19700),
            "MINIMUM_PAYMENTS": (13.5, 31.9, 85.6, 141, 180, 246, 470, 831, 1450, 4150, 29000),
        },
        frequencies={
            "BALANCE_FREQUENCY": (0, 1, 1, 2, 3, 5, 6, 8, 10, 14, 18, 23, 100),
            "PURCHASES_FREQUENCY": (0, 0, 3, 6, 11, 18, 26, 33, 41, 49, 59, 68, 100),
            "ONEOFF_PURCHASES_FREQUENCY": (0, 27, 44, 57, 66, 73, 79, 84, 86, 89, 91, 94, 100),
            "PURCHASES_INSTALLMENTS_FREQUENCY": (0, 8, 17, 24, 32, 43, 49, 55, 62, 69, 75, 81, 100),
            "PRC_FULL_PAYMENT": (71, 81, 87, 91, 96, 100, 100, 100, 100, 100, 100, 100, 100),
        },
    ),
    Archetype(
        name="cash-advance user",
        summary="withdraws cash and buys nothing",
        share=20.9,
        patterns={"C": 100},
        no_payment=3.3,
        tenure=(3.4, 6.4, 9.7, 12.6, 16, 22.3, 100),
        quantiles={
            "BALANCE": (0, 1.93, 53.1, 369, 938, 1550, 2680, 4420, 6910, 9360, 14600),
            "CASH_ADVANCE": (101, 113, 158, 309, 719, 1380, 2480, 3910, 6990, 11600, 26200),
            "CASH_ADVANCE_TRX": (1, 1, 1, 1, 2, 4, 7, 12, 21, 38.7, 123),
            "CREDIT_LIMIT": (50, 500, 1000, 1200, 2000, 3000, 5000, 7500, 11000, 14500, 19000),
            "PAYMENTS": (0.0495, 59.4, 172, 322, 540, 892, 1610, 3030, 6920, 14000, 34100),
            "MINIMUM_PAYMENTS": (0.312, 19.5, 96, 190, 308, 512, 909, 1540, 2580, 10500, 61000),
        },
        frequencies={
            "BALANCE_FREQUENCY": (0, 1, 3, 5, 8, 10, 10, 13, 16, 19, 25, 31, 100),
            "CASH_ADVANCE_FREQUENCY": (0, 24, 46, 62, 74, 82, 87, 92, 95, 97, 98, 99, 100),
            "PRC_FULL_PAYMENT": (80, 89, 94, 96, 97, 98, 99, 99, 99, 99, 99, 99, 100),
        },
    ),
    Archetype(
        name="mixed revolver",
        summary="withdraws cash and buys by instalments, often both ways",
        share=13.8,
        patterns={"OIC": 63.3, "IC": 36.7},
        no_payment=1.0,
        tenure=(2.3, 5.1, 7.7, 10, 12.3, 15.7, 100),
        quantiles={
            "BALANCE": (1.1, 37.9, 165, 540, 987, 1680, 3020, 5040, 7460, 11500, 16300),
            "ONEOFF_PURCHASES": (0.01, 24.4, 45.7, 109, 215, 417, 734, 1140, 1550, 2020, 2370),
            "INSTALLMENTS_PURCHASES": (4.44, 21.3, 48.5, 96.9, 183, 335, 571, 932, 1370, 1810, 2220),
            "CASH_ADVANCE": (14.2, 36.5, 88.9, 218, 552, 1110, 2150, 3770, 6360, 10800, 47100),
            "CASH_ADVANCE_TRX": (1, 1, 1, 1, 2, 4, 8, 13, 23, 41.1, 123),
            "PURCHASES_TRX": (1, 1, 3, 6, 8, 12, 20, 30, 48, 70.4, 142),
            "CREDIT_LIMIT": (300, 700, 1000, 1200, 2000, 4000, 6000, 8500, 12000, 17000, 19600),
            "PAYMENTS": (32.9, 71.4, 254, 491, 791, 1300, 2030, 3280, 6180, 12000, 40600),
            "MINIMUM_PAYMENTS": (9.8, 82.2, 131, 212, 383, 740, 1210, 1930, 3380, 8270, 31900),
        },
        frequencies={
            "BALANCE_FREQUENCY": (0, 0, 0, 1, 1, 1, 1, 3, 4, 6, 11, 16, 100),
            "PURCHASES_FREQUENCY": (0, 3, 5, 11, 17, 22, 31, 38, 45, 52, 62, 70, 100),
            "ONEOFF_PURCHASES_FREQUENCY": (0, 24, 45, 58, 69, 77, 82, 86, 89, 92, 95, 96, 100),
            "PURCHASES_INSTALLMENTS_FREQUENCY": (0, 8, 16, 23, 29, 39, 45, 51, 58, 66, 74, 82, 100),
            "CASH_ADVANCE_FREQUENCY": (0, 27, 47, 62, 73, 82, 87, 91, 94, 97, 99, 99, 100),
            "PRC_FULL_PAYMENT": (78, 88, 93, 95, 97, 97, 98, 98, 99, 99, 99, 99, 100),
        },
    ),
    Archetype(
        name="one-off revolver",
        summary="withdraws cash and buys in single payments",
        share=8.5,
        patterns={"OC": 100},
        no_payment=3.3,
        tenure=(2.8, 6.2, 9.3, 11.6, 15, 20.7, 100),
        quantiles={
            "BALANCE": (0, 28.8, 108, 394, 951, 1600, 2690, 4550, 7010, 9280, 15300),
            "ONEOFF_PURCHASES": (0.01, 7.35, 34.6, 70.7, 148, 280, 539, 1010, 1580, 2280, 2460),
            "CASH_ADVANCE": (18.4, 36.2, 92.7, 204, 470, 1170, 2370, 4020, 6750, 10900, 20300),
            "CASH_ADVANCE_TRX": (1, 1, 1, 1, 2, 5, 8, 13, 22, 33.2, 93),
            "PURCHASES_TRX": (1, 1, 1, 1, 1, 3, 5.3, 11, 19, 32.6, 51),
            "CREDIT_LIMIT": (200, 500, 1000, 1500, 2370, 3150, 6000, 8500, 11500, 14500, 20000),
            "PAYMENTS": (28.7, 73.2, 190, 357, 591, 1110, 1820, 3250, 6180, 10600, 32000),
            "MINIMUM_PAYMENTS": (3.2, 52.3, 119, 190, 318, 553, 1010, 1680, 2880, 6460, 19100),
        },
        frequencies={
            "BALANCE_FREQUENCY": (0, 0, 1, 2, 3, 5, 6, 8, 10, 12, 19, 24, 100),
            "PURCHASES_FREQUENCY": (0, 39, 59, 70, 78, 82, 86, 90, 92, 94, 95, 96, 100),
            "ONEOFF_PURCHASES_FREQUENCY": (0, 39, 59, 70, 78, 82, 86, 90, 92, 94, 95, 96, 100),
            "CASH_ADVANCE_FREQUENCY": (0, 22, 42, 61, 72, 81, 85, 91, 95, 96, 98, 99, 100),
            "PRC_FULL_PAYMENT": (80, 89, 93, 95, 96, 96, 98, 98, 99, 99, 99, 99, 100),
        },
    ),
    Archetype(
        name="high-limit spender",
        summary="buys for about 2,500 or more, in whatever way",
        share=10.2,
        patterns={"OI": 58, "OIC": 25.9, "O": 8.6, "I": 3.5, "OC": 3.3, "IC": 0.7},
        no_payment=0.7,
        tenure=(0.8, 1.3, 1.9, 2.7, 3.9, 6.2, 100),
        quantiles={
            "BALANCE": (0, 97.4, 224, 337, 562, 1490, 2970, 5160, 8360, 13200, 19000),
            "ONEOFF_PURCHASES": (10, 142, 548, 1260, 2030, 2720, 3650, 5160, 9470, 22400, 40800),
            "INSTALLMENTS_PURCHASES": (28.9, 75.1, 206, 486, 920, 1540, 2320, 3260, 5780, 12200, 22500),
            "CASH_ADVANCE": (18.6, 44.4, 97.6, 267, 557, 1510, 2630, 4240, 8770, 19800, 29300),
            "CASH_ADVANCE_TRX": (1, 1, 1, 1, 2, 4, 8, 15, 29, 47.3, 62),
            "PURCHASES_TRX": (1, 4, 10, 20, 32, 47, 69, 97, 140, 248, 358),
            "CREDIT_LIMIT": (450, 1000, 2000, 3200, 5000, 7000, 9160, 12000, 16500, 20000, 30000),
            "PAYMENTS": (105, 512, 1070, 1840, 2590, 3640, 5030, 7930, 13700, 28200, 50700),
            "MINIMUM_PAYMENTS": (14, 79.5, 149, 178, 216, 490, 1010, 2040, 4670, 11800, 76400),
        },
        frequencies={
            "BALANCE_FREQUENCY": (0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 9, 15, 100),
            "PURCHASES_FREQUENCY": (0, 0, 1, 2, 4, 5, 7, 9, 12, 18, 25, 35, 100),
            "ONEOFF_PURCHASES_FREQUENCY": (0, 4, 8, 13, 21, 26, 32, 41, 50, 58, 66, 75, 100),
            "PURCHASES_INSTALLMENTS_FREQUENCY": (0, 2, 4, 7, 10, 15, 19, 24, 30, 37, 45, 55, 100),
            "CASH_ADVANCE_FREQUENCY": (0, 30, 55, 65, 76, 82, 89, 92, 93, 96, 99, 99, 100),
            "PRC_FULL_PAYMENT": (47, 59, 63, 67, 70, 72, 74, 76, 78, 81, 84, 88, 100),
        },
    ),
)
