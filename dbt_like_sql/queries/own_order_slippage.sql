-- description: Own filled orders with the mid that they were sent at, decided before a moment, by time.
-- parameters: $1 end of the hours
select
    intents.pair,
    intents.signal_hour as timestamp_utc,
    intents.side = 'buy' as is_buy,
    ((intents.arrival_bid + intents.arrival_ask) / 2)::float8 as arrival_mid,
    sum(fills.price * fills.size_base)::float8 as notional_quote,
    (sum(fills.price * fills.size_base) / sum(fills.size_base))::float8 as average_price
from trading.intents as intents
inner join trading.fills as fills on intents.client_order_id = fills.client_order_id
where
    intents.arrival_bid > 0 and intents.arrival_ask >= intents.arrival_bid
    and intents.signal_hour < $1::timestamptz - interval '1 hour' and fills.filled_at < $1::timestamptz
group by
    intents.client_order_id, intents.pair, intents.signal_hour, intents.side,
    intents.arrival_bid, intents.arrival_ask
order by intents.signal_hour, intents.pair
