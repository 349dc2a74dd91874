"""Words too common to search for, as they look after case folding."""

ENGLISH = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from further had
    has have having he her here hers herself him himself his how i if in into is it its itself just
    me more most my myself no nor not now of off on once only or other our ours ourselves out over
    own s same she should so some such t than that the their theirs them themselves then there these
    they this those through to too under until up very was we were what when where which while who
    whom whose why will with would you your yours yourself yourselves
    """.split()
)

CHINESE = frozenset(
    """
    的 了 是 在 和 与 或 及 也 都 就 而 而且 但 但是 被 把 从 对 对于 于 以 为 之 其 这 那 这个 那个
    这些 那些 我 你 他 她 它 我们 你们 他们 她们 它们 有 没有 不 很 吗 呢 吧 啊 么 什么 哪 哪个 哪些
    谁 怎么 怎样 如何 为什么 多少 几 一个 一种 并 并且 又 还 所 因为 所以 如果 则 等 着 过 地 得 个
    """.split()
)
