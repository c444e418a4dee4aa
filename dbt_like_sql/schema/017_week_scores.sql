-- A week's Sharpe ratio, annualised, says nothing: the figures of all weeks together do.
alter table backtests.runs drop column sharpe;
alter table backtests.runs drop column sortino;
