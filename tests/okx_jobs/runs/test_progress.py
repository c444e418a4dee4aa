"""Progress is printed wherever the output goes."""

from io import StringIO

from rich.console import Console

from okx_jobs.runs.progress import Steps, shown_steps


def printed(work) -> str:
    text = StringIO()
    with shown_steps(Console(file=text, width=100)) as steps:
        work(steps)
    return text.getvalue()


def test_a_file_gets_a_line_per_finished_step():
    assert "candles        done in" in printed(lambda steps: steps.once("candles", lambda: 5))


def test_work_that_found_everything_says_so():
    assert "already there" in printed(lambda steps: steps.once("candles", lambda: 0))


def test_items_are_counted_when_all_are_done():
    assert "models         3 done in" in printed(lambda steps: list(steps.each("models", [1, 2, 3])))


def test_nothing_to_do_is_not_worth_a_line():
    assert printed(lambda steps: list(steps.each("models", []))) == ""


def test_a_terminal_gets_bars():
    text = StringIO()
    console = Console(file=text, width=100, force_terminal=True)
    with shown_steps(console) as steps:
        assert list(steps.each("models", [1, 2])) == [1, 2]
    assert "models" in text.getvalue()
    assert "done in" not in text.getvalue()


def test_silent_steps_do_the_work_all_the_same():
    done: list[int] = []
    Steps().once("quiet", lambda: done.append(1))
    assert done == [1]
    assert list(Steps().each("quiet", [1, 2])) == [1, 2]
