from ragreason.generation.seeds import mixed


def test_the_same_place_gives_the_same_seed() -> None:
    assert mixed(7, 0) == mixed(7, 0)


def test_neighbouring_rounds_share_no_sample_seed() -> None:
    seeds = [mixed(round_, sample) for round_ in range(100) for sample in range(32)]
    assert len(set(seeds)) == len(seeds)


def test_seeds_fit_32_bits_for_any_request_seed() -> None:
    assert all(0 <= mixed(seed, 1) < 2**32 for seed in (0, -1, 2**63, 10**30))


def test_without_a_seed_each_draw_is_fresh() -> None:
    assert len({mixed(None, 0) for _ in range(8)}) == 8
