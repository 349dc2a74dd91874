"""Scores of any range as values between 0 and 1, for formulas that take those."""


class Scale:
    """Scores in [0, 1] stay as they are. Once one outside was seen, the lowest seen so far is 0 and
    the highest 1, linear between; while they are equal all scores are 0.5.

    Source: MuZero, arXiv 1911.08265, appendix B. (-3, -1) seen: -2 is 0.5.
    """

    def __init__(self) -> None:
        self._lowest = float("inf")
        self._highest = float("-inf")

    def see(self, score: float) -> None:
        """Widen the scale if need be."""
        self._lowest = min(self._lowest, score)
        self._highest = max(self._highest, score)

    def unit(self, score: float) -> float:
        """The score between 0 and 1."""
        low, high = self._bounds
        if low == high:
            return 0.5
        return min(max((score - low) / (high - low), 0.0), 1.0)

    def score(self, unit: float) -> float:
        """What lies so far between the lowest and the highest score."""
        low, high = self._bounds
        return low + unit * (high - low)

    @property
    def _bounds(self) -> tuple[float, float]:
        if self._lowest >= 0 and self._highest <= 1:
            return 0.0, 1.0
        return self._lowest, self._highest
