/**
 * The slope of a straight line through the logarithms of points, by least squares; 1 is linear.
 * @param {readonly (readonly [size: number, cost: number])[]} points
 */
export function slope(points) {
  const logs = points.map(point => point.map(Math.log))
  const mean = column => logs.reduce((sum, row) => sum + row[column], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const above = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0)
  return above / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
}
